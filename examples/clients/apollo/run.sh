#!/usr/bin/env bash
# Runs the client: run.sh URL, such as http://127.0.0.1:8080. REDTHREAD_KEY is a key of an EDITOR.
set -euo pipefail
url=${1:?usage: run.sh URL}
: "${REDTHREAD_KEY:?want a key of an EDITOR}"
cd "$(dirname "$0")"
npm ci --silent
node possible-types.js "$url"
node story.js "$url"
