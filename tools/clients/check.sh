#!/bin/sh
# Holds api/openapi.yaml against two foreign generators: a Go client by ogen and TypeScript types by openapi-typescript are
# made from it, and a small program that uses them must compile.
set -eu
cd "$(dirname "$0")"

if ! command -v npm >/dev/null; then
	echo "ordermill: npm is needed: apt-get install -y nodejs npm" >&2
	exit 1
fi

(
	cd go
	go tool ogen --config ogen.yml --loglevel error --target client --package client --clean ../../../api/openapi.yaml
	go build -o /dev/null .
)
echo "ok  	a Go client by ogen"
(
	cd typescript
	npm ci --silent --no-audit --no-fund
	npm run --silent generate >/dev/null
	npm run --silent check
)
echo "ok  	a TypeScript client by openapi-typescript"
