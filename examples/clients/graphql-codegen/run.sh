#!/usr/bin/env bash
# Generates the types and runs the client: run.sh URL, such as http://127.0.0.1:8080. REDTHREAD_KEY
# is a key of an EDITOR.
set -euo pipefail
url=${1:?usage: run.sh URL}
: "${REDTHREAD_KEY:?want a key of an EDITOR}"
cd "$(dirname "$0")"
npm ci --silent
REDTHREAD_URL=$url npx graphql-codegen --config codegen.ts >build.log 2>&1 || { cat build.log; exit 1; }
npx tsc
node build/story.js "$url"
