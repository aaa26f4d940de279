#!/bin/sh
# Three npm libraries for JSON Patch (RFC 6902) differ from it on plain documents. json-patch copies by reference, so a later
# change of the copy changes the original, and refuses to move onto an existing member, although a move replaces it (section 4.4).
# immutable-json-patch fails a test of an object whose members are in a different order, although the order does not matter
# (section 4.6). json-patch-gen finds no difference between null and {}. rfc6902 gets all four right.
#
# Versions: json-patch 0.7.0, immutable-json-patch 6.0.3, json-patch-gen 1.0.2, rfc6902 5.4.0 (npm), Node 20
# Seen:
#   json-patch: copy {"a":{"n":2},"b":{"n":2}}, move refused, test passed
#   immutable-json-patch: copy {"a":{"n":1},"b":{"n":2}}, move {"b":1}, test refused
#   rfc6902: copy {"a":{"n":1},"b":{"n":2}}, move {"b":1}, test passed
#   from {"a":null} to {"a":{}}: json-patch-gen [], rfc6902 [{"op":"replace","path":"/a","value":{}}]
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent json-patch@0.7.0 immutable-json-patch@6.0.3 json-patch-gen@1.0.2 rfc6902@5.4.0 >>npm.log
cat >ask.mjs <<'JS'
import { immutableJSONPatch } from 'immutable-json-patch';
import plain from 'json-patch';
import generate from 'json-patch-gen';
import { applyPatch, createPatch } from 'rfc6902';

function show(name, apply) {
  const tried = (document, ...patch) => {
    try {
      return JSON.stringify(apply(document, patch));
    } catch {
      return 'refused';
    }
  };
  const copy = tried({ a: { n: 1 } }, { op: 'copy', from: '/a', path: '/b' }, { op: 'replace', path: '/b/n', value: 2 });
  const move = tried({ a: 1, b: 2 }, { op: 'move', from: '/a', path: '/b' });
  const test = tried({ a: { x: 1, y: 2 } }, { op: 'test', path: '/a', value: { y: 2, x: 1 } });
  console.log(`${name}: copy ${copy}, move ${move}, test ${test === 'refused' ? test : 'passed'}`);
}
show('json-patch', (document, patch) => plain.apply(document, patch));
show('immutable-json-patch', immutableJSONPatch);
show('rfc6902', (document, patch) => {
  for (const error of applyPatch(document, patch)) if (error !== null) throw error;
  return document;
});
const [before, after] = [{ a: null }, { a: {} }];
const found = [generate(before, after), createPatch(before, after)].map((patch) => JSON.stringify(patch));
console.log(`from ${JSON.stringify(before)} to ${JSON.stringify(after)}: json-patch-gen ${found[0]}, rfc6902 ${found[1]}`);
JS
seen=$(node ask.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'json-patch: copy {"a":{"n":2},"b":{"n":2}}, move refused, test passed
immutable-json-patch: copy {"a":{"n":1},"b":{"n":2}}, move {"b":1}, test refused
rfc6902: copy {"a":{"n":1},"b":{"n":2}}, move {"b":1}, test passed
from {"a":null} to {"a":{}}: json-patch-gen [], rfc6902 [{"op":"replace","path":"/a","value":{}}]' ]
