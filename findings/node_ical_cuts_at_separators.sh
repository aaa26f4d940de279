#!/bin/sh
# node-ical splits a calendar's values at separators that are quoted or escaped: a quoted parameter at its semicolon (RFC 5545,
# section 3.2), a category at its escaped comma (section 3.3.11). ical.js reads both correctly.
#
# Versions: node-ical 0.26.1, ical.js 2.2.1, Node 20
# Seen:
#   node-ical: CN=<"Doe> categories <a\> <b> <c>
#   ical.js: CN=<Doe; Jane> categories <a,b> <c>
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent node-ical@0.26.1 ical.js@2.2.1 >>npm.log
cat >ask.mjs <<'JS'
import ICAL from 'ical.js';
import nodeIcal from 'node-ical';

const calendar = [
  'BEGIN:VCALENDAR',
  'VERSION:2.0',
  'PRODID:-//example//EN',
  'BEGIN:VEVENT',
  'UID:1',
  'DTSTAMP:20260101T000000Z',
  'DTSTART:20260105T100000Z',
  'ATTENDEE;CN="Doe; Jane":mailto:jane@example.com',
  'CATEGORIES:a\\,b,c',
  'END:VEVENT',
  'END:VCALENDAR',
  '',
].join('\r\n');
const show = (name, cn, categories) => console.log(`${name}: CN=<${cn}> categories ${categories.map((each) => `<${each}>`).join(' ')}`);

const { 1: read } = nodeIcal.sync.parseICS(calendar);
show('node-ical', read.attendee.params.CN, read.categories);
const event = new ICAL.Component(ICAL.parse(calendar)).getFirstSubcomponent('vevent');
show('ical.js', event.getFirstProperty('attendee').getParameter('cn'), event.getFirstProperty('categories').getValues());
JS
seen=$(node ask.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'node-ical: CN=<"Doe> categories <a\> <b> <c>
ical.js: CN=<Doe; Jane> categories <a,b> <c>' ]
