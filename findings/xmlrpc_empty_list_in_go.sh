#!/bin/sh
# Go's mattn/go-xmlrpc reads past the end of an empty list: the members of the record that follow it become items of the list, and
# are missing from the record. Odoo answers with an empty list for every relation without records. kolo/xmlrpc gives the whole
# record, but null for the empty string, and leaves base64 as text.
#
# Versions: github.com/mattn/go-xmlrpc v0.0.3, github.com/kolo/xmlrpc v0.0.0-20220921171641-a4b6fa1dd06b, Go 1.26
# Seen, for a record with the members child_ids (empty), name, ref (empty) and datas, as Python's xmlrpc.client writes it:
#   mattn: {"child_ids":["Azure","","SGVsbG8="]}
#   kolo: {"child_ids":[],"datas":"\nSGVsbG8=\n","name":"Azure","ref":null}
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
go mod init example >go.log 2>&1
go get github.com/mattn/go-xmlrpc@v0.0.3 github.com/kolo/xmlrpc@v0.0.0-20220921171641-a4b6fa1dd06b >>go.log 2>&1
python3 >answer.xml -c '
from xmlrpc.client import Binary, dumps
print(dumps(({"child_ids": [], "name": "Azure", "ref": "", "datas": Binary(b"Hello")},), methodresponse=True))'
cat >main.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"

	kolo "github.com/kolo/xmlrpc"
	mattn "github.com/mattn/go-xmlrpc"
)

func show(name string, value any, err error) {
	if err != nil {
		panic(err)
	}
	text, _ := json.Marshal(value)
	fmt.Printf("%s: %s\n", name, text)
}

func main() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		http.ServeFile(w, r, "answer.xml")
	}))
	defer server.Close()
	value, err := mattn.NewClient(server.URL).Call("read")
	show("mattn", value, err)
	client, err := kolo.NewClient(server.URL, nil)
	if err != nil {
		panic(err)
	}
	var record any
	err = client.Call("read", nil, &record)
	show("kolo", record, err)
}
GO
seen=$(go run .)
printf '%s\n' "$seen"
[ "$seen" = 'mattn: {"child_ids":["Azure","","SGVsbG8="]}
kolo: {"child_ids":[],"datas":"\nSGVsbG8=\n","name":"Azure","ref":null}' ]
