#!/bin/sh
# rrule reads a calendar's `DTSTART;VALUE=DATE:20260102`, the form of every all-day event (RFC 5545, section 3.8.2.4), as if there
# were no start: there is no error, and the series starts at the moment of the call, including its time of day. The same start
# without the parameter is read correctly.
#
# Versions: rrule 2.8.1, Node 20
# Seen:
#   DTSTART:20260102 starts on 2026-01-02
#   DTSTART;VALUE=DATE:20260102 starts now
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent rrule@2.8.1 >>npm.log
cat >ask.cjs <<'JS'
const { rrulestr } = require('rrule');

for (const start of ['DTSTART:20260102', 'DTSTART;VALUE=DATE:20260102']) {
  const [first] = rrulestr(`${start}\nRRULE:FREQ=DAILY;COUNT=3`).all();
  const now = Math.abs(Date.now() - first.getTime()) < 60_000;
  console.log(`${start} starts ${now ? 'now' : `on ${first.toISOString().slice(0, 10)}`}`);
}
JS
seen=$(node ask.cjs)
printf '%s\n' "$seen"
[ "$seen" = "DTSTART:20260102 starts on 2026-01-02
DTSTART;VALUE=DATE:20260102 starts now" ]
