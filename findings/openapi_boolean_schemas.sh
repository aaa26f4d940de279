#!/bin/sh
# OpenAPI 3.1 allows `true` as a schema, "any value" (JSON Schema 2020-12, section 4.3.2). @hey-api/openapi-ts silently leaves
# such a property out of the type, required or not; openapi-python-client refuses the whole document. openapi-typescript types it
# as unknown. The empty schema {} means the same, and all three read it.
#
# Versions: openapi-typescript 7.13.0, @hey-api/openapi-ts 0.99.0, typescript 5.9.3 (npm); openapi-python-client 0.29.1 (PyPI), Python 3.11, Node 20
# Seen:
#   openapi-typescript: {} value: unknown; true value: unknown;
#   openapi-ts: {} value: unknown; true
#   openapi-python-client: {} value: Any true Failed to parse OpenAPI document
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent openapi-typescript@7.13.0 @hey-api/openapi-ts@0.99.0 typescript@5.9.3 >>npm.log
python3 -m venv venv
venv/bin/pip install --quiet openapi-python-client==0.29.1
for schema in '{}' true; do
  cat >"$schema.json" <<JSON
{
  "openapi": "3.1.0",
  "info": { "title": "Orders", "version": "1" },
  "paths": {
    "/order": {
      "get": {
        "responses": {
          "200": { "description": "An order.", "content": { "application/json": { "schema": { "\$ref": "#/components/schemas/Order" } } } }
        }
      }
    }
  },
  "components": {
    "schemas": { "Order": { "type": "object", "required": ["value"], "properties": { "id": { "type": "integer" }, "value": $schema } } }
  }
}
JSON
  npx openapi-typescript "$schema.json" --output "1$schema.ts" >1.log 2>&1
  npx openapi-ts --input "$schema.json" --output "2$schema" >2.log 2>&1
  venv/bin/openapi-python-client generate --path "$schema.json" --output-path "3$schema" --meta none >"3$schema.log" 2>&1 || true
done
show() { sed -n 's/^ *\(value: .*\)/\1/p; s/^\(Failed to parse OpenAPI document\)$/\1/p' "$1" | head -n 1; }
seen=$(
  echo "openapi-typescript: {} $(show '1{}.ts') true $(show 1true.ts)"
  echo "openapi-ts: {} $(show '2{}/types.gen.ts') true $(show 2true/types.gen.ts)"
  echo "openapi-python-client: {} $(show '3{}/models/order.py') true $(show 3true.log)"
)
seen=$(printf '%s\n' "$seen" | sed 's/ *$//')
printf '%s\n' "$seen"
[ "$seen" = "openapi-typescript: {} value: unknown; true value: unknown;
openapi-ts: {} value: unknown; true
openapi-python-client: {} value: Any true Failed to parse OpenAPI document" ]
