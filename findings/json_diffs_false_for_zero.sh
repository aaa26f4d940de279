#!/bin/sh
# 0 and false differ in JSON, but 0 == False in Python. Three Python libraries compare with ==, so they find no difference between
# {"a": 0} and {"a": false}: json-merge-patch makes an empty patch and pyjsonpatch an empty list, and its operation "test" passes
# for false where the document has 0 (RFC 6902, section 4.6, asks for the same type). Odoo's own protocols answer false for every
# empty field, so a copy that is kept up to date by such patches keeps the 0. jsonpatch tells them apart.
#
# Versions: json-merge-patch 0.3.0, pyjsonpatch 0.1.3, dictdiffer 0.10.0, jsonpatch 1.48 (PyPI), Python 3.11
# Seen, from {"a": 0} to {"a": false}:
#   json-merge-patch: {}
#   pyjsonpatch: [], test passed
#   dictdiffer: []
#   jsonpatch: [{"op": "replace", "path": "/a", "value": false}], test failed
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet json-merge-patch==0.3.0 pyjsonpatch==0.1.3 dictdiffer==0.10.0 jsonpatch==1.48
cat >ask.py <<'PYTHON'
import json

import dictdiffer
import json_merge_patch
import jsonpatch
import pyjsonpatch

before, after = {"a": 0}, {"a": False}
test = [{"op": "test", "path": "/a", "value": False}]
print("json-merge-patch:", json.dumps(json_merge_patch.create_patch(before, after)))
passed = pyjsonpatch.apply_patch(before, test).obj == before
print(f"pyjsonpatch: {json.dumps(pyjsonpatch.generate_patch(before, after))}, test {'passed' if passed else 'failed'}")
print("dictdiffer:", list(dictdiffer.diff(before, after)))
try:
    jsonpatch.apply_patch(before, test)
    result = "passed"
except jsonpatch.JsonPatchTestFailed:
    result = "failed"
print(f"jsonpatch: {jsonpatch.make_patch(before, after)}, test {result}")
PYTHON
seen=$(venv/bin/python ask.py)
printf '%s\n' "$seen"
[ "$seen" = 'json-merge-patch: {}
pyjsonpatch: [], test passed
dictdiffer: []
jsonpatch: [{"op": "replace", "path": "/a", "value": false}], test failed' ]
