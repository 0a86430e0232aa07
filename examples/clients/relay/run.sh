#!/usr/bin/env bash
# Compiles the operations and runs the client: run.sh URL, such as http://127.0.0.1:8080.
# REDTHREAD_KEY is a key of an EDITOR.
set -euo pipefail
url=${1:?usage: run.sh URL}
: "${REDTHREAD_KEY:?want a key of an EDITOR}"
cd "$(dirname "$0")"
npm ci --silent
curl -fsS "$url/schema.graphql" -o schema.graphql
mkdir -p src/__generated__
npx relay-compiler >build.log 2>&1 || { cat build.log; exit 1; }
node -r @babel/register src/story.js "$url"
