#!/bin/sh
# accept-language-parser's loose `pick` takes the first offered language that does not contradict the header in a subtag that BOTH
# have. So it misses exact matches: for en-GB it picks en although en-GB is offered. In a tag of language and script it reads the
# script as a region and ignores it: a request for Latin Serbian gets Cyrillic, one for traditional Chinese gets simplified. And
# it treats `q=0`, "not acceptable" (RFC 9110, section 12.4.2), as a low preference: a request that only refuses French gets
# French. negotiator gets all four right.
#
# Versions: accept-language-parser 1.5.0, negotiator 1.1.0, Node 20
# Seen:
#   en-GB of en, en-GB: loose en, negotiator en-GB
#   sr-Latn of sr-Cyrl, sr-Latn: loose sr-Cyrl, negotiator sr-Latn
#   zh-Hant of zh-Hans, zh-Hant: loose zh-Hans, negotiator zh-Hant
#   fr;q=0 of fr, en: loose fr, negotiator undefined
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent accept-language-parser@1.5.0 negotiator@1.1.0 >>npm.log
cat >ask.cjs <<'JS'
const { pick } = require('accept-language-parser');
const Negotiator = require('negotiator');

for (const [header, ...offered] of [
  ['en-GB', 'en', 'en-GB'],
  ['sr-Latn', 'sr-Cyrl', 'sr-Latn'],
  ['zh-Hant', 'zh-Hans', 'zh-Hant'],
  ['fr;q=0', 'fr', 'en'],
]) {
  const exact = new Negotiator({ headers: { 'accept-language': header } }).language(offered);
  console.log(`${header} of ${offered.join(', ')}: loose ${pick(offered, header, { loose: true })}, negotiator ${exact}`);
}
JS
seen=$(node ask.cjs)
printf '%s\n' "$seen"
[ "$seen" = "en-GB of en, en-GB: loose en, negotiator en-GB
sr-Latn of sr-Cyrl, sr-Latn: loose sr-Cyrl, negotiator sr-Latn
zh-Hant of zh-Hans, zh-Hant: loose zh-Hans, negotiator zh-Hant
fr;q=0 of fr, en: loose fr, negotiator undefined" ]
