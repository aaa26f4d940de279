#!/bin/sh
# csv-parse with `cast` and `cast_date` also turns strings into numbers and dates that are neither. A reference such as "Order 12"
# becomes a day in December 2001, since csv-parse treats everything that Date.parse accepts as a date. "0x1F" becomes the number
# 0, and an integer over 2^53 is rounded. papaparse's dynamicTyping leaves all three as text.
#
# Versions: csv-parse 7.0.3, papaparse 5.7.1, Node 20
# Seen:
#   csv-parse: "2001-12-01", 0, 9007199254740992
#   papaparse: "Order 12", "0x1F", "9007199254740993"
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent csv-parse@7.0.3 papaparse@5.7.1 >>npm.log
cat >ask.mjs <<'JS'
import { parse } from 'csv-parse/sync';
import papaparse from 'papaparse';

const text = 'Order 12,0x1F,9007199254740993\n';
const show = (name, row) =>
  console.log(`${name}: ${row.map((each) => JSON.stringify(each instanceof Date ? each.toISOString().slice(0, 10) : each)).join(', ')}`);
show('csv-parse', parse(text, { cast: true, cast_date: true })[0]);
show('papaparse', papaparse.parse(text, { dynamicTyping: true }).data[0]);
JS
seen=$(TZ=UTC node ask.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'csv-parse: "2001-12-01", 0, 9007199254740992
papaparse: "Order 12", "0x1F", "9007199254740993"' ]
