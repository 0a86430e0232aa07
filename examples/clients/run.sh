#!/usr/bin/env bash
# Starts a server with the demo and runs all clients against it. Prints a line for each, and fails
# if one fails. Needs Go, Node.js 20 or newer, curl and, the first time, a network.
set -euo pipefail
cd "$(dirname "$0")"
clients=(genqlient apollo urql relay graphql-codegen oapi-codegen openapi-typescript)

dir=$(mktemp -d)
server=
stop() {
	if [ -n "$server" ]; then
		kill -INT "$server" 2>/dev/null || true
		wait "$server" 2>/dev/null || true
	fi
	rm -rf "$dir"
}
trap stop EXIT

(cd ../.. && go build -o "$dir/redthread" ./cmd/redthread)
"$dir/redthread" serve --demo --addr 127.0.0.1:0 --data "$dir/data" >"$dir/log" 2>&1 &
server=$!
url=
for _ in $(seq 300); do
	url=$(sed -n 's/^  API *\(.*\)\/graphql$/\1/p' "$dir/log")
	[ -z "$url" ] || break
	kill -0 "$server" 2>/dev/null || break
	sleep 0.1
done
if [ -z "$url" ]; then
	cat "$dir/log" >&2
	exit 1
fi
REDTHREAD_KEY=$(cat "$dir/data/demo-key")
export REDTHREAD_KEY

failed=0
for client in "${clients[@]}"; do
	if "./$client/run.sh" "$url" >"$dir/out" 2>&1; then
		tail -n 1 "$dir/out"
	else
		echo "$client: failed"
		cat "$dir/out"
		failed=1
	fi
done
exit "$failed"
