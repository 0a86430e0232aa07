#!/usr/bin/env bash
# Generates the client and runs it: run.sh URL, such as http://127.0.0.1:8080. REDTHREAD_KEY is a
# key of an EDITOR.
set -euo pipefail
url=${1:?usage: run.sh URL}
: "${REDTHREAD_KEY:?want a key of an EDITOR}"
cd "$(dirname "$0")"
export GOWORK=off
# genqlient 0.8.1 does not know that an interface may implement another.
curl -fsS "$url/schema.graphql" | sed "s/^interface Document implements Node /interface Document /" >schema.graphql
go tool genqlient genqlient.yaml
go vet .
go run . "$url"
