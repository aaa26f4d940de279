#!/bin/sh
# The chunks of a stream end anywhere, even in the middle of a character. npm's jsonlines and ldjson-stream decode each chunk on
# its own, so in NDJSON from the network "José" sometimes turns into "Jos??" (U+FFFD twice). There is no error, and tests with
# small files do not show it. newline-json reads the record null as false. ndjson and @jsonlines/core decode across chunks.
#
# Versions: jsonlines 0.1.1, ldjson-stream 1.2.1, newline-json 0.1.1, ndjson 2.0.0, @jsonlines/core 1.0.2 (npm), Node 20
# Seen, for {"name":"José"} in chunks that end before é, and within it:
#   jsonlines: Jos\u00e9, Jos\ufffd\ufffd
#   ldjson-stream: Jos\u00e9, Jos\ufffd\ufffd
#   newline-json: Jos\u00e9, Jos\u00e9; null is read as false
#   ndjson: Jos\u00e9, Jos\u00e9
#   @jsonlines/core: Jos\u00e9, Jos\u00e9
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent jsonlines@0.1.1 ldjson-stream@1.2.1 newline-json@0.1.1 ndjson@2.0.0 @jsonlines/core@1.0.2 >>npm.log 2>&1
cat >ask.cjs <<'JS'
const { once } = require('node:events');
const { Readable } = require('node:stream');
const lines = Buffer.from('{"name":"José"}\n');
const letter = lines.indexOf('é');

// Some of them are older than streams that can be iterated.
async function read(parser, ...chunks) {
  const records = [];
  Readable.from(chunks, { objectMode: false })
    .pipe(parser)
    .on('data', (record) => records.push(record));
  await once(parser, 'end');
  return records;
}

const ascii = (text) => text.replace(/[^ -~]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);
const parsers = {
  jsonlines: () => require('jsonlines').parse(),
  'ldjson-stream': () => require('ldjson-stream').parse(),
  'newline-json': () => new (require('newline-json').Parser)(),
  ndjson: () => require('ndjson').parse(),
  '@jsonlines/core': () => require('@jsonlines/core').parse(),
};
(async () => {
  for (const [name, make] of Object.entries(parsers)) {
    const seen = [];
    for (const end of [letter, letter + 1]) {
      const [record] = await read(make(), lines.subarray(0, end), lines.subarray(end));
      seen.push(ascii(record.name));
    }
    const more = name === 'newline-json' ? `; null is read as ${await read(make(), Buffer.from('null\n'))}` : '';
    console.log(`${name}: ${seen.join(', ')}${more}`);
  }
})();
JS
seen=$(node ask.cjs)
printf '%s\n' "$seen"
[ "$seen" = 'jsonlines: Jos\u00e9, Jos\ufffd\ufffd
ldjson-stream: Jos\u00e9, Jos\ufffd\ufffd
newline-json: Jos\u00e9, Jos\u00e9; null is read as false
ndjson: Jos\u00e9, Jos\u00e9
@jsonlines/core: Jos\u00e9, Jos\u00e9' ]
