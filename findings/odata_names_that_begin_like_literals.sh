#!/bin/sh
# Two OData parsers split a field name that begins with a literal: `nullable eq true` is read as null + "able", `trueish` as true
# + "ish". Names like `and...` or `not...` work. Both also refuse a valid use of `in` (OData 4.01): odata-query a list with one
# entry, @odata/parser the operator itself.
#
# Versions: odata-query 0.10.0 (PyPI), @odata/parser 0.2.14 (npm), Python 3.11, Node 20
# Seen (yes: parsed, no: refused):
#   odata-query: nullable no, trueish no, android yes, notes yes, in of two yes, in of one no
#   @odata/parser: nullable no, trueish no, android yes, notes yes, in of two no, in of one no
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent @odata/parser@0.2.14 >>npm.log
python3 -m venv venv
venv/bin/pip install --quiet odata-query==0.10.0
cat >filters.json <<'JSON'
{
  "nullable": "nullable eq true",
  "trueish": "trueish eq 1",
  "android": "android eq 1",
  "notes": "notes eq 'x'",
  "in of two": "a in (1,2)",
  "in of one": "a in (1)"
}
JSON
cat >ask.py <<'PYTHON'
import json

from odata_query.exceptions import ODataException
from odata_query.grammar import ODataLexer, ODataParser

seen = []
for name, text in json.load(open("filters.json")).items():
    try:
        ODataParser().parse(ODataLexer().tokenize(text))
        seen.append(f"{name} yes")
    except ODataException:
        seen.append(f"{name} no")
print("odata-query:", ", ".join(seen))
PYTHON
cat >ask.cjs <<'JS'
const { defaultParser } = require('@odata/parser');

const seen = Object.entries(require('./filters.json')).map(([name, text]) => {
  try {
    defaultParser.filter(text);
    return `${name} yes`;
  } catch {
    return `${name} no`;
  }
});
console.log(`@odata/parser: ${seen.join(', ')}`);
JS
seen=$(venv/bin/python ask.py && node ask.cjs)
printf '%s\n' "$seen"
[ "$seen" = "odata-query: nullable no, trueish no, android yes, notes yes, in of two yes, in of one no
@odata/parser: nullable no, trueish no, android yes, notes yes, in of two no, in of one no" ]
