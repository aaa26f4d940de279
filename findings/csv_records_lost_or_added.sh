#!/bin/sh
# The last record of a CSV file may end with a line break (RFC 4180, section 2, rule 2), as most programs write it. npm's
# csv-simple-parser then adds a record, whose first field is empty. udsv takes the last line of a file as its header, and finds no
# record, if the file has one column and a value in quotation marks. It guesses a column's type from the last of the rows that it
# samples: in a column of references, "A7" becomes NaN if that last row has a number, and "007" becomes false if it has "true".
# papaparse reads all these files correctly.
#
# Versions: csv-simple-parser 2.0.2, udsv 0.7.3, papaparse 5.7.1 (npm), Node 20
# Seen, for the lines: id,ref 1,A7 2,7 | id,ref 1,007 2,true | name a "b" c
#   csv-simple-parser: A7, 7, undefined | 007, true, undefined | a, b, c,
#   udsv: NaN, 7 | false, true | nothing
#   papaparse: A7, 7 | 007, true | a, b, c
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent csv-simple-parser@2.0.2 udsv@0.7.3 papaparse@5.7.1 >>npm.log
cat >ask.mjs <<'JS'
import parse from 'csv-simple-parser';
import papaparse from 'papaparse';
import { inferSchema, initParser } from 'udsv';

const files = ['id,ref\n1,A7\n2,7\n', 'id,ref\n1,007\n2,true\n', 'name\na\n"b"\nc\n'];
function show(name, read) {
  const seen = files.map((text) =>
    read(text)
      .map((record) => String('id' in record ? record.ref : record.name))
      .join(', '),
  );
  console.log(`${name}: ${seen.map((values) => values || 'nothing').join(' | ')}`.trimEnd());
}
show('csv-simple-parser', (text) => parse(text, { header: true }));
show('udsv', (text) => initParser(inferSchema(text)).typedObjs(text));
show('papaparse', (text) => papaparse.parse(text, { header: true, skipEmptyLines: true }).data);
JS
seen=$(node ask.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'csv-simple-parser: A7, 7, undefined | 007, true, undefined | a, b, c,
udsv: NaN, 7 | false, true | nothing
papaparse: A7, 7 | 007, true | a, b, c' ]
