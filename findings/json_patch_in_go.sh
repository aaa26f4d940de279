#!/bin/sh
# Arrays are ordered in JSON, but Go's mattbaird/jsonpatch compares them like sets once a value occurs twice: its patch from
# [1,2,2] to [2,1] gives [1,2]. This library and jsondiff read numbers as doubles, so both find no difference between 2^53 and
# 2^53 + 1, or between two ids of 20 digits. gomodules.xyz/jsonpatch, a fork of mattbaird/jsonpatch, finds all these differences.
#
# Versions: github.com/mattbaird/jsonpatch v0.0.0-20240118010651-0ba75a80ca38, github.com/wI2L/jsondiff v0.7.1,
#   gomodules.xyz/jsonpatch/v2 v2.5.0, github.com/evanphx/json-patch/v5 v5.9.11 (applies the patches), Go 1.26
# Seen, for patches to [2,1] and to {"id":9007199254740993}:
#   mattbaird: [1,2] {"id":9007199254740992}
#   jsondiff: [2,1] {"id":9007199254740992}
#   gomodules: [2,1] {"id":9007199254740993}
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
go mod init example >go.log 2>&1
go get github.com/mattbaird/jsonpatch@v0.0.0-20240118010651-0ba75a80ca38 github.com/wI2L/jsondiff@v0.7.1 \
  gomodules.xyz/jsonpatch/v2@v2.5.0 github.com/evanphx/json-patch/v5@v5.9.11 >>go.log 2>&1
cat >main.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"

	apply "github.com/evanphx/json-patch/v5"
	"github.com/mattbaird/jsonpatch"
	"github.com/wI2L/jsondiff"
	gomodules "gomodules.xyz/jsonpatch/v2"
)

var pairs = [][2]string{
	{`[1,2,2]`, `[2,1]`},
	{`{"id":9007199254740992}`, `{"id":9007199254740993}`},
}

func show(name string, diff func(before, after []byte) (any, error)) {
	fmt.Print(name, ":")
	for _, pair := range pairs {
		found, err := diff([]byte(pair[0]), []byte(pair[1]))
		if err != nil {
			panic(err)
		}
		text, _ := json.Marshal(found)
		patch, err := apply.DecodePatch(text)
		if err != nil {
			panic(err)
		}
		result, err := patch.Apply([]byte(pair[0]))
		if err != nil {
			panic(err)
		}
		fmt.Print(" ", string(result))
	}
	fmt.Println()
}

func main() {
	show("mattbaird", func(before, after []byte) (any, error) { return jsonpatch.CreatePatch(before, after) })
	show("jsondiff", func(before, after []byte) (any, error) { return jsondiff.CompareJSON(before, after) })
	show("gomodules", func(before, after []byte) (any, error) { return gomodules.CreatePatch(before, after) })
}
GO
seen=$(go run .)
printf '%s\n' "$seen"
[ "$seen" = 'mattbaird: [1,2] {"id":9007199254740992}
jsondiff: [2,1] {"id":9007199254740992}
gomodules: [2,1] {"id":9007199254740993}' ]
