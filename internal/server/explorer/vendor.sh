#!/usr/bin/env bash
# Copies GraphiQL, React and the licences of all that is bundled in them into
# dist/, from the npm packages whose versions and hashes package-lock.json
# pins. Needed only to change their version: the result is committed.
#
# To move to other versions: edit package.json, run
# `npm install --package-lock-only`, then this, and look at the page in a
# browser, its console too.
set -euo pipefail
cd "$(dirname "$0")"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp package.json package-lock.json .npmrc licenses.mjs "$work"
(cd "$work" && npm ci --silent)
modules=$work/node_modules

rm -rf dist
mkdir dist
cp "$modules/react/umd/react.production.min.js" \
	"$modules/react-dom/umd/react-dom.production.min.js" \
	"$modules/graphiql/graphiql.min.css" dist/
# The source map is five times the size of the bundle and stays out, and so
# does the comment that would have browsers ask for it.
sed '/^\/\/# sourceMappingURL=/d' "$modules/graphiql/graphiql.min.js" >dist/graphiql.min.js
node "$work/licenses.mjs" "$modules" >dist/LICENSES.txt
gzip -9 -n dist/*
ls -l dist
