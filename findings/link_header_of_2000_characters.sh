#!/bin/sh
# npm's parse-link-header (and its fork @web3-storage/parse-link-header) returns null for a Link header of more than 2000
# characters, as for an answer without one. A program that pages by it then stops after the first page, without an error: a list
# of ids in the address is enough. PARSE_LINK_HEADER_MAXLEN in the environment raises the limit, but only before the first import.
# http-link-header has no limit.
#
# Versions: parse-link-header 2.0.0, @web3-storage/parse-link-header 3.1.0, http-link-header 1.1.4 (npm), Node 20
# Seen, for a header of 2000 and of 2001 characters:
#   parse-link-header: next, null
#   @web3-storage/parse-link-header: next, null
#   http-link-header: next, next
#   parse-link-header, PARSE_LINK_HEADER_MAXLEN=16000: next, next
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent parse-link-header@2.0.0 @web3-storage/parse-link-header@3.1.0 http-link-header@1.1.4 >>npm.log
cat >ask.mjs <<'JS'
import { parseLinkHeader } from '@web3-storage/parse-link-header';
import http from 'http-link-header';
import plain from 'parse-link-header';

const frame = '<https://example.com/?ids=>; rel="next"';
const header = (length) => frame.replace('ids=', `ids=${'1'.repeat(length - frame.length)}`);
const show = (name, read) => console.log(`${name}: ${[2000, 2001].map((length) => read(header(length))).join(', ')}`);
const shown = (links) => (links === null ? 'null' : links.next.rel);
const most = process.env.PARSE_LINK_HEADER_MAXLEN;
if (most !== undefined) show(`parse-link-header, PARSE_LINK_HEADER_MAXLEN=${most}`, (text) => shown(plain(text)));
else {
  show('parse-link-header', (text) => shown(plain(text)));
  show('@web3-storage/parse-link-header', (text) => shown(parseLinkHeader(text)));
  show('http-link-header', (text) => http.parse(text).rel('next')[0].rel);
}
JS
seen=$(unset PARSE_LINK_HEADER_MAXLEN && node ask.mjs && PARSE_LINK_HEADER_MAXLEN=16000 node ask.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'parse-link-header: next, null
@web3-storage/parse-link-header: next, null
http-link-header: next, next
parse-link-header, PARSE_LINK_HEADER_MAXLEN=16000: next, next' ]
