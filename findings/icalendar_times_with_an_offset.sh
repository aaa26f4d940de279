#!/bin/sh
# Python's icalendar writes a datetime with a plain offset, such as datetime.fromisoformat returns for 2026-01-01T10:00:00+02:00,
# with a time zone called "UTC+02:00" but no VTIMEZONE that defines it. No reader understands that zone: icalendar itself and
# ical.js read 10:00 without a zone, node-ical returns a string instead of a date.
#
# Versions: icalendar 7.3.2 (PyPI), ical.js 2.2.1, node-ical 0.26.1 (npm), Python 3.11, Node 20
# Seen:
#   DTSTART;TZID="UTC+02:00":20260101T100000
#   with a VTIMEZONE: False
#   icalendar: 2026-01-01T10:00:00
#   ical.js: 2026-01-01T10:00:00, zone floating
#   node-ical: the string 00:20260101T100000
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent ical.js@2.2.1 node-ical@0.26.1 >>npm.log
python3 -m venv venv
venv/bin/pip install --quiet icalendar==7.3.2
cat >ask.py <<'PYTHON'
from datetime import datetime, timezone

from icalendar import Calendar, Event

calendar, event = Calendar(), Event()
calendar.add("prodid", "-//example//EN")
calendar.add("version", "2.0")
event.add("uid", "1")
event.add("dtstamp", datetime(2026, 1, 1, tzinfo=timezone.utc))
event.add("dtstart", datetime.fromisoformat("2026-01-01T10:00:00+02:00"))
calendar.add_component(event)
text = calendar.to_ical()
with open("calendar.ics", "wb") as file:
    file.write(text)
print(next(line for line in text.decode().splitlines() if line.startswith("DTSTART")))
print("with a VTIMEZONE:", b"VTIMEZONE" in text)
print("icalendar:", Calendar.from_ical(text).walk("VEVENT")[0].start.isoformat())
PYTHON
cat >ask.mjs <<'JS'
import { readFileSync } from 'node:fs';
import ICAL from 'ical.js';
import nodeIcal from 'node-ical';

const text = readFileSync('calendar.ics', 'utf8');
const { startDate } = new ICAL.Event(new ICAL.Component(ICAL.parse(text)).getFirstSubcomponent('vevent'));
console.log(`ical.js: ${startDate}, zone ${startDate.zone}`);
const { start } = Object.values(nodeIcal.sync.parseICS(text)).find((each) => each.type === 'VEVENT');
console.log(`node-ical: the ${typeof start} ${start}`);
JS
seen=$(venv/bin/python ask.py && node ask.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'DTSTART;TZID="UTC+02:00":20260101T100000
with a VTIMEZONE: False
icalendar: 2026-01-01T10:00:00
ical.js: 2026-01-01T10:00:00, zone floating
node-ical: the string 00:20260101T100000' ]
