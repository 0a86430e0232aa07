#!/usr/bin/env bash
# Generates the client and runs it: run.sh URL, such as http://127.0.0.1:8080. REDTHREAD_KEY is a
# key of an EDITOR.
set -euo pipefail
url=${1:?usage: run.sh URL}
: "${REDTHREAD_KEY:?want a key of an EDITOR}"
cd "$(dirname "$0")"
export GOWORK=off
curl -fsS "$url/v1/openapi.json" -o openapi.json
go tool oapi-codegen -config oapi-codegen.yaml openapi.json
go vet .
go run . "$url"
