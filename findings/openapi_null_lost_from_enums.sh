#!/bin/sh
# Two TypeScript generators drop null from an enum in a valid OpenAPI 3.1 document: the type says that the value is never null,
# but it can be. swagger-typescript-api drops it even beside `type: [string, 'null']`, @hey-api/openapi-ts only where the enum has
# no type.
#
# Versions: openapi-typescript 7.13.0, @hey-api/openapi-ts 0.99.0, swagger-typescript-api 13.13.0, typescript 5.9.3, Node 20
# Seen (state is { type: [string, 'null'], enum: [draft, done, null] }, priority { enum: [low, null] }):
#   openapi-typescript: state: "draft" | "done" | null; priority: "low" | null;
#   openapi-ts: state: 'draft' | 'done' | null; priority: 'low';
#   swagger-typescript-api: state: "draft" | "done"; priority: "low";
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent openapi-typescript@7.13.0 @hey-api/openapi-ts@0.99.0 swagger-typescript-api@13.13.0 typescript@5.9.3 >>npm.log
cat >api.json <<'JSON'
{
  "openapi": "3.1.0",
  "info": { "title": "Orders", "version": "1" },
  "paths": {},
  "components": {
    "schemas": {
      "Order": {
        "type": "object",
        "required": ["state", "priority"],
        "properties": {
          "state": { "type": ["string", "null"], "enum": ["draft", "done", null] },
          "priority": { "enum": ["low", null] }
        }
      }
    }
  }
}
JSON
npx openapi-typescript api.json --output 1.ts >1.log 2>&1
npx openapi-ts --input api.json --output 2 >2.log 2>&1
npx swagger-typescript-api generate --path api.json --output 3 --name 3.ts --no-client >3.log 2>&1
show() { printf '%s: %s\n' "$1" "$(grep -E '^ *(state|priority):' "$2" | sed 's/^ *//' | paste -s -d ' ' -)"; }
seen=$(show openapi-typescript 1.ts && show openapi-ts 2/types.gen.ts && show swagger-typescript-api 3/3.ts)
printf '%s\n' "$seen"
[ "$seen" = "openapi-typescript: state: \"draft\" | \"done\" | null; priority: \"low\" | null;
openapi-ts: state: 'draft' | 'done' | null; priority: 'low';
swagger-typescript-api: state: \"draft\" | \"done\"; priority: \"low\";" ]
