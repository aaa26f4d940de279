#!/bin/sh
# filename* beats filename in Content-Disposition, and only its value is percent-encoded (RFC 6266, section 4.3; RFC 8187). Rust's
# content_disposition takes filename if both are there, so "devis €.pdf" is saved as "devis _.pdf"; @lazy-http/content-disposition
# decodes a plain filename ("100%25" becomes "100%") and finds no name that contains an escaped quotation mark;
# content-disposition-parser cuts at a semicolon inside quotation marks, and content-disposition-filename returns the rest of the
# header as the name.
#
# Versions: content_disposition 0.4.0 (crates, Rust 1.95); @lazy-http/content-disposition 1.0.2, content-disposition-parser 1.0.2,
#   content-disposition-filename 0.0.1, content-disposition-header 0.6.0 (npm, Node 20)
# Seen, for the files: devis €.pdf | 100%25.pdf | a;b.pdf | 5" pipe.pdf
#   content-disposition-header: devis €.pdf | 100%25.pdf | a;b.pdf | 5" pipe.pdf
#   @lazy-http: devis €.pdf | 100%.pdf | a;b.pdf | undefined
#   content-disposition-parser: devis €.pdf | 100%25.pdf | a | 5\" pipe.pdf
#   content-disposition-filename: "devis _.pdf"; filename*=UTF-8''devis%20%E2%82%AC.pdf | "100%25.pdf" | "a;b.pdf" | "5\" pipe.pdf"
#   content_disposition: devis _.pdf | 100%25.pdf | "a | 5\" pipe.pdf
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent @lazy-http/content-disposition@1.0.2 content-disposition-parser@1.0.2 content-disposition-filename@0.0.1 \
  content-disposition-header@0.6.0 >>npm.log
cargo init --quiet --name example --vcs none >cargo.log 2>&1
printf 'content_disposition = "=0.4.0"\n' >>Cargo.toml
cat >ask.mjs <<'JS'
import { createRequire } from 'node:module';
import lazy from '@lazy-http/content-disposition';
import { parse } from 'content-disposition-header';

const require = createRequire(import.meta.url);
const cut = require('content-disposition-parser');
const named = require('content-disposition-filename');
const show = (name, read) => console.log(`${name}: ${process.argv.slice(2).map(read).join(' | ')}`);
show('content-disposition-header', (header) => parse(header).parameters.filename);
show('@lazy-http', (header) => String(lazy.parse(header).value));
show('content-disposition-parser', (header) => cut(header).filename);
show('content-disposition-filename', (header) => named(header));
JS
cat >src/main.rs <<'RUST'
fn main() {
    let name = |header: String| content_disposition::parse_content_disposition(&header).filename_full().unwrap();
    println!("content_disposition: {}", std::env::args().skip(1).map(name).collect::<Vec<_>>().join(" | "));
}
RUST
cargo build --quiet >>cargo.log 2>&1 || { cat cargo.log && exit 1; }
ask() {
  "$@" "attachment; filename=\"devis _.pdf\"; filename*=UTF-8''devis%20%E2%82%AC.pdf" 'attachment; filename="100%25.pdf"' \
    'attachment; filename="a;b.pdf"' 'attachment; filename="5\" pipe.pdf"'
}
seen=$(ask node ask.mjs && ask ./target/debug/example)
printf '%s\n' "$seen"
[ "$seen" = "content-disposition-header: devis €.pdf | 100%25.pdf | a;b.pdf | 5\" pipe.pdf
@lazy-http: devis €.pdf | 100%.pdf | a;b.pdf | undefined
content-disposition-parser: devis €.pdf | 100%25.pdf | a | 5\\\" pipe.pdf
content-disposition-filename: \"devis _.pdf\"; filename*=UTF-8''devis%20%E2%82%AC.pdf | \"100%25.pdf\" | \"a;b.pdf\" | \"5\\\" pipe.pdf\"
content_disposition: devis _.pdf | 100%25.pdf | \"a | 5\\\" pipe.pdf" ]
