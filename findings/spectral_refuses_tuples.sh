#!/bin/sh
# Spectral and Redocly disagree on a valid OpenAPI 3.1 document. In JSON Schema 2020-12 a tuple is an array with `prefixItems`, and `items`
# is optional. Spectral's rule array-items, an error in its set for OpenAPI, still demands `items`, and does not accept
# `items: false`, which closes the tuple. Redocly's spec ruleset and its struct rule accept all of these.
#
# Versions: @stoplight/spectral-cli 6.16.3, @redocly/cli 2.77.0, Node 20
# Seen:
#   open tuple: spectral array-items, redocly nothing
#   closed tuple: spectral array-items, redocly nothing
#   tuple with items {}: spectral nothing, redocly nothing
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent @stoplight/spectral-cli@6.16.3 @redocly/cli@2.77.0 >>npm.log
echo '{ "extends": ["spectral:oas"] }' >.spectral.json
echo 'extends: [spec]' >redocly.yaml
ask() {
  cat >api.json <<JSON
{
  "openapi": "3.1.0",
  "info": { "title": "Orders", "version": "1", "license": { "name": "MIT", "identifier": "MIT" } },
  "servers": [{ "url": "https://example.org" }],
  "security": [],
  "paths": {},
  "components": { "schemas": { "Partner": { "type": "array", "prefixItems": [{ "type": "integer" }, { "type": "string" }]$2 } } }
}
JSON
  npx spectral lint --ruleset .spectral.json --format json --quiet --fail-severity error api.json >spectral.out 2>/dev/null || true
  REDOCLY_TELEMETRY=off npx redocly lint --format json api.json >redocly.out 2>/dev/null || true
  node -e '
const { readFileSync } = require("node:fs");
const parsed = (file) => { const text = readFileSync(file, "utf8"); return JSON.parse(text.slice(text.search(/[[{]/), text.search(/[\]}]\s*(No results.*)?$/s) + 1)); };
const spectral = parsed("spectral.out").filter((each) => each.severity === 0).map((each) => each.code);
const redocly = parsed("redocly.out").problems.filter((each) => each.severity === "error").map((each) => each.ruleId);
const shown = (rules) => rules.join(", ") || "nothing";
console.log(`${process.argv[1]}: spectral ${shown(spectral)}, redocly ${shown(redocly)}`);' "$1"
}
seen=$(ask 'open tuple' '' && ask 'closed tuple' ', "items": false' && ask 'tuple with items {}' ', "items": {}')
printf '%s\n' "$seen"
[ "$seen" = "open tuple: spectral array-items, redocly nothing
closed tuple: spectral array-items, redocly nothing
tuple with items {}: spectral nothing, redocly nothing" ]
