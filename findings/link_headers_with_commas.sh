#!/bin/sh
# A URL in a Link header may contain commas and semicolons: it ends at ">" (RFC 8288, section 3). Of five parsers only
# http-link-header reads them. Go's tomnomnom/linkheader loses the link, so paging ends after the first page, peterhellberg/link
# removes the commas from the URL, Rust's parse_link_header refuses the header or cuts the URL, and npm's parse-links refuses it
# and takes "rel=" inside a URL for the relation. If a server percent-encodes ",", ";" and "=", all five read its links.
#
# Versions: github.com/tomnomnom/linkheader v0.0.0-20250811210735-e5fe3b51442e, github.com/peterhellberg/link v1.2.0 (Go 1.26),
#   parse_link_header 0.4.1 (crates, Rust 1.95), http-link-header 1.1.4, parse-links 0.1.0 (npm, Node 20)
# Seen, for </a?fields=x,y>; </a?x=1;y=2>; </a?rel=x>, each with rel="next":
#   http-link-header: /a?fields=x,y /a?x=1;y=2 /a?rel=x
#   parse-links: refused /a?x=1;y=2 nothing
#   linkheader: nothing nothing /a?rel=x
#   link: /a?fields=xy /a?x=1;y=2 /a?rel=x
#   parse_link_header: refused /a?x=1 /a?rel=x
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent http-link-header@1.1.4 parse-links@0.1.0 >>npm.log
go mod init example >go.log 2>&1
go get github.com/tomnomnom/linkheader@v0.0.0-20250811210735-e5fe3b51442e github.com/peterhellberg/link@v1.2.0 >>go.log 2>&1
cargo init --quiet --name example --vcs none >cargo.log 2>&1
printf 'parse_link_header = "=0.4.1"\n' >>Cargo.toml
cat >main.cjs <<'JS'
const http = require('http-link-header');
const links = require('parse-links');

const headers = process.argv.slice(2);
function show(name, read) {
  const found = headers.map((header) => {
    try {
      return read(header) ?? 'nothing';
    } catch {
      return 'refused';
    }
  });
  console.log(`${name}: ${found.join(' ')}`);
}
show('http-link-header', (header) => http.parse(header).rel('next')[0]?.uri);
show('parse-links', (header) => links(header).next);
JS
cat >main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"github.com/peterhellberg/link"
	"github.com/tomnomnom/linkheader"
)

func show(name string, read func(string) string) {
	fmt.Print(name, ":")
	for _, header := range os.Args[1:] {
		found := read(header)
		if found == "" {
			found = "nothing"
		}
		fmt.Print(" ", found)
	}
	fmt.Println()
}

func main() {
	show("linkheader", func(header string) string {
		for _, each := range linkheader.Parse(header).FilterByRel("next") {
			return each.URL
		}
		return ""
	})
	show("link", func(header string) string {
		if next := link.Parse(header)["next"]; next != nil {
			return next.URI
		}
		return ""
	})
}
GO
cat >src/main.rs <<'RUST'
fn main() {
    print!("parse_link_header:");
    for header in std::env::args().skip(1) {
        match parse_link_header::parse_with_rel(&header) {
            Ok(links) => print!(" {}", links.get("next").map_or("nothing", |link| &link.raw_uri)),
            Err(_) => print!(" refused"),
        }
    }
    println!();
}
RUST
cargo build --quiet >>cargo.log 2>&1 || { cat cargo.log && exit 1; }
ask() {
  "$@" '</a?fields=x,y>; rel="next"' '</a?x=1;y=2>; rel="next"' '</a?rel=x>; rel="next"'
}
seen=$(ask node main.cjs && ask go run . && ask ./target/debug/example)
printf '%s\n' "$seen"
[ "$seen" = 'http-link-header: /a?fields=x,y /a?x=1;y=2 /a?rel=x
parse-links: refused /a?x=1;y=2 nothing
linkheader: nothing nothing /a?rel=x
link: /a?fields=xy /a?x=1;y=2 /a?rel=x
parse_link_header: refused /a?x=1 /a?rel=x' ]
