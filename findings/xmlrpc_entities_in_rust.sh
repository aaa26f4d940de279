#!/bin/sh
# Rust's serde_xmlrpc returns text as it stands in the XML: "Müller & Söhne <GmbH>" is read as "Müller &amp; Söhne &lt;GmbH&gt;", so
# a program that writes back what it read changes the name. It refuses base64 with line ends, which Python (and so Odoo) writes
# after 76 characters. The crate xmlrpc reads both.
#
# Versions: serde_xmlrpc 0.2.0, xmlrpc 0.15.1, serde_json 1.0.145 (crates), Rust 1.95
# Seen:
#   serde_xmlrpc: "Müller &amp; Söhne &lt;GmbH&gt;", base64 refused
#   xmlrpc: "Müller & Söhne <GmbH>", base64 of 60 bytes
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cargo init --quiet --name example --vcs none >cargo.log 2>&1
cat >>Cargo.toml <<'TOML'
serde_json = "=1.0.145"
serde_xmlrpc = "=0.2.0"
xmlrpc = { version = "=0.15.1", default-features = false }
TOML
python3 -c '
from xmlrpc.client import Binary, dumps
for name, value in (("text.xml", "Müller & Söhne <GmbH>"), ("base64.xml", Binary(b"x" * 60))):
    open(name, "w", encoding="utf-8").write(dumps((value,), methodresponse=True))'
cat >src/main.rs <<'RUST'
use std::{error::Error, fs, io::Cursor};

struct Stored(Vec<u8>);

impl xmlrpc::Transport for Stored {
    type Stream = Cursor<Vec<u8>>;

    fn transmit(self, _: &xmlrpc::Request) -> Result<Self::Stream, Box<dyn Error + Send + Sync>> {
        Ok(Cursor::new(self.0))
    }
}

fn main() {
    let read = |name| fs::read_to_string(name).unwrap();
    let text: String = serde_xmlrpc::response_from_str(&read("text.xml")).unwrap();
    let binary = serde_xmlrpc::response_from_str::<serde_json::Value>(&read("base64.xml"));
    println!("serde_xmlrpc: {text:?}, base64 {}", if binary.is_ok() { "read" } else { "refused" });
    let call = |name| xmlrpc::Request::new("read").call(Stored(read(name).into_bytes())).unwrap();
    let (text, binary) = (call("text.xml"), call("base64.xml"));
    println!("xmlrpc: {:?}, base64 of {} bytes", text.as_str().unwrap(), binary.as_bytes().unwrap().len());
}
RUST
cargo build --quiet >>cargo.log 2>&1 || { cat cargo.log && exit 1; }
seen=$(./target/debug/example)
printf '%s\n' "$seen"
[ "$seen" = 'serde_xmlrpc: "Müller &amp; Söhne &lt;GmbH&gt;", base64 refused
xmlrpc: "Müller & Söhne <GmbH>", base64 of 60 bytes' ]
