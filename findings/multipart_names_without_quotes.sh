#!/bin/sh
# In a form, name and filename may stand in any order, and need no quotation marks if they are tokens (RFC 7578, section 4.2; RFC
# 2183, section 2). aws-multipart-parser and aws-lambda-multipart-parser lose a file whose name has no quotation marks, and report
# nothing; parse-multipart-data refuses the form. If filename comes first, the first two read its value as the field's name and
# the rest of the header as the file's name, and parse-multipart-data finds no file name. It also refuses every name that contains
# "=" or ";". busboy reads all these forms.
#
# Versions: aws-multipart-parser 0.2.1, aws-lambda-multipart-parser 0.1.3, parse-multipart-data 1.5.0, busboy 1.6.0 (npm), Node 20
# Seen, for the parameters: name=doc; filename=a.txt | filename="a.txt"; name="doc" | name="doc"; filename="a=b.txt"
#   aws-multipart-parser: nothing | a.txt: a.txt"; name="doc | doc: a=b.txt
#   aws-lambda-multipart-parser: nothing | a.txt: a.txt"; name="doc | doc: a=b.txt
#   parse-multipart-data: refused | a.txt: undefined | refused
#   busboy: doc: a.txt | doc: a.txt | doc: a=b.txt
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent aws-multipart-parser@0.2.1 aws-lambda-multipart-parser@0.1.3 parse-multipart-data@1.5.0 busboy@1.6.0 \
  >>npm.log 2>&1
cat >ask.cjs <<'JS'
const { once } = require('node:events');
const busboy = require('busboy');

const type = 'multipart/form-data; boundary=B';
const form = (parameters) =>
  `--B\r\nContent-Disposition: form-data; ${parameters}\r\nContent-Type: text/plain\r\n\r\nHello\r\n--B--\r\n`;
const files = (parsed) => Object.entries(parsed).map(([name, file]) => [name, file.filename]);
const event = (body) => ({ headers: { 'Content-Type': type }, body });
const readers = {
  'aws-multipart-parser': (body) => files(require('aws-multipart-parser').parse(event(body), false)),
  'aws-lambda-multipart-parser': (body) => files(require('aws-lambda-multipart-parser').parse(event(body), true)),
  'parse-multipart-data': (body) =>
    require('parse-multipart-data')
      .parse(Buffer.from(body), 'B')
      .map(({ name, filename }) => [name, filename]),
  busboy: async (body) => {
    const found = [];
    const parser = busboy({ headers: { 'content-type': type } });
    parser.on('file', (name, stream, { filename }) => {
      found.push([name, filename]);
      stream.resume();
    });
    parser.end(body);
    await once(parser, 'close');
    return found;
  },
};
(async () => {
  for (const [name, read] of Object.entries(readers)) {
    const seen = [];
    for (const parameters of process.argv.slice(2)) {
      try {
        const [file] = await read(form(parameters));
        seen.push(file === undefined ? 'nothing' : `${file[0]}: ${file[1]}`);
      } catch {
        seen.push('refused');
      }
    }
    console.log(`${name}: ${seen.join(' | ')}`);
  }
})();
JS
seen=$(node ask.cjs 'name=doc; filename=a.txt' 'filename="a.txt"; name="doc"' 'name="doc"; filename="a=b.txt"')
printf '%s\n' "$seen"
[ "$seen" = 'aws-multipart-parser: nothing | a.txt: a.txt"; name="doc | doc: a=b.txt
aws-lambda-multipart-parser: nothing | a.txt: a.txt"; name="doc | doc: a=b.txt
parse-multipart-data: refused | a.txt: undefined | refused
busboy: doc: a.txt | doc: a.txt | doc: a=b.txt' ]
