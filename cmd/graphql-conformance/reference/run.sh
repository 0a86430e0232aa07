#!/usr/bin/env bash
# Runs the suite against graphql-js behind graphql-http, on this machine.
#
#   run.sh 16 [flags of graphql-conformance]
#   run.sh 17 [flags of graphql-conformance]
#
# It needs Go, Node 20 or later and npm.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
version=${1:?want 16 or 17}
shift
[[ -f $here/package$version.json ]] || { echo "there is no package$version.json; want 16 or 17" >&2; exit 2; }

dir=$(mktemp -d)
server=
clean() {
	[[ -z $server ]] || kill "$server" 2>/dev/null || true
	rm -rf "$dir"
}
trap clean EXIT

cp "$here"/*.mjs "$dir"
cp "$here/package$version.json" "$dir/package.json"
# graphql-http's range of versions of graphql ends at 17.0, and it works with 17.1.
npm install --prefix "$dir" --legacy-peer-deps --no-audit --no-fund --loglevel=error >&2

port=${PORT:-4000}
node "$dir/server.mjs" "$here/../../../internal/conformance/schema.graphql" "$port" >&2 &
server=$!
for _ in $(seq 50); do
	(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
	sleep 0.1
done
cd "$here/../../.."
go run ./cmd/graphql-conformance "$@" "http://127.0.0.1:$port/graphql"
