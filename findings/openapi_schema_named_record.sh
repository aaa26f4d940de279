#!/bin/sh
# A schema called Record shadows TypeScript's own Record<K, V>. swagger-typescript-api writes maps as Record<string, number> in
# the same file, which is then an error, and starts the file with @ts-nocheck, so nobody sees it: each map has the type any and
# accepts everything. openapi-typescript and @hey-api/openapi-ts write maps as { [key: string]: number }.
#
# Versions: swagger-typescript-api 13.13.0, typescript 5.9.3, Node 20
# Seen (a symbol as a value of a map of numbers):
#   Order: Type 'symbol' is not assignable to type 'number'.
#   Order and Record: no error
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent swagger-typescript-api@13.13.0 typescript@5.9.3 >>npm.log
order='"Order": { "type": "object", "required": ["totals"], "properties": {
  "totals": { "type": "object", "additionalProperties": { "type": "number" } } } }'
record='"Record": { "type": "object", "properties": { "name": { "type": "string" } } }'
ask() {
  mkdir "$1"
  printf '{ "openapi": "3.1.0", "info": { "title": "Orders", "version": "1" }, "paths": {}, "components": { "schemas": { %s } } }' "$2" >"$1/api.json"
  npx swagger-typescript-api generate --path "$1/api.json" --output "$1" --name types.ts --no-client >"$1/log" 2>&1
  printf "import type { Order } from './types';\nexport const order: Order = { totals: { a: Symbol() } };\n" >"$1/use.ts"
  npx tsc --noEmit --strict --target es2022 --moduleResolution bundler --module esnext "$1/use.ts" | sed 's/.*TS2322: //' || true
}
plain=$(ask plain "$order")
shadowed=$(ask shadowed "$order, $record")
seen="Order: ${plain:-no error}
Order and Record: ${shadowed:-no error}"
printf '%s\n' "$seen"
[ "$seen" = "Order: Type 'symbol' is not assignable to type 'number'.
Order and Record: no error" ]
