#!/bin/sh
# npm's XML-RPC client `xmlrpc`, used by odoo-await and odoo-xmlrpc, reads the offset of a date as its milliseconds. A regular
# expression in its DateFormatter has `\.` inside a plain string, so it accepts any character before the "fraction":
# 10:00:00+02:00 becomes 10:00:00.020 in local time. It cannot even read back what it writes with `offset: true`.
#
# Versions: xmlrpc 1.3.2, Node 20; local time is New York's
# Seen:
#   20260101T10:00:00 is 2026-01-01T15:00:00.000Z
#   20260101T10:00:00Z is 2026-01-01T10:00:00.000Z
#   20260101T10:00:00+02:00 is 2026-01-01T15:00:00.020Z
#   2026-06-01T12:00:00.000Z, written as 20260601T08:00:00-04:00, is read as 2026-06-01T12:00:00.040Z
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent xmlrpc@1.3.2 >>npm.log
cat >ask.cjs <<'JS'
const { dateFormatter } = require('xmlrpc');

for (const text of ['20260101T10:00:00', '20260101T10:00:00Z', '20260101T10:00:00+02:00'])
  console.log(`${text} is ${dateFormatter.decodeIso8601(text).toISOString()}`);
dateFormatter.setOpts({ offset: true });
const date = new Date('2026-06-01T12:00:00Z');
const written = dateFormatter.encodeIso8601(date);
console.log(`${date.toISOString()}, written as ${written}, is read as ${dateFormatter.decodeIso8601(written).toISOString()}`);
JS
seen=$(TZ=America/New_York node ask.cjs)
printf '%s\n' "$seen"
[ "$seen" = "20260101T10:00:00 is 2026-01-01T15:00:00.000Z
20260101T10:00:00Z is 2026-01-01T10:00:00.000Z
20260101T10:00:00+02:00 is 2026-01-01T15:00:00.020Z
2026-06-01T12:00:00.000Z, written as 20260601T08:00:00-04:00, is read as 2026-06-01T12:00:00.040Z" ]
