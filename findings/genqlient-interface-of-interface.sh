#!/usr/bin/env bash
# genqlient takes an interface that implements another for a possible type of it, and refuses a
# query for the other.
#
# Versions: github.com/Khan/genqlient v0.8.1, with the github.com/vektah/gqlparser/v2 v2.5.19 that
#   it requires. golang.org/x/tools is v0.52.0, as the v0.24.0 that it requires does not compile with
#   Go 1.26.
#
# Expected: the possible types of an interface are the objects that implement it (section 3.7 of the
#   specification of GraphQL). An interface may implement another.
#
# What happens: it stops with "interface Node had non-object implementation Document". Where the
#   interface does not say that it implements the other, the same query is taken.
#
# Why it matters: Document of Redthread implements Node. A client that uses genqlient and selects
#   node or nodes has to take that out of the schema that it reads, as examples/clients/genqlient does.
#
# Needs Go 1.26 and, the first time, a network. Exits with 0 while genqlient behaves like this, else
# with 1, or with 2 where it could not be found out.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export GOWORK=off GOFLAGS=-mod=mod

cat >schema.graphql <<'GRAPHQL'
type Query { node(id: ID!): Node }
interface Node { id: ID! }
interface Document implements Node { id: ID! slug: String! }
type Report implements Node & Document { id: ID! slug: String! }
GRAPHQL
cat >operations.graphql <<'GRAPHQL'
query Find($id: ID!) { node(id: $id) { id } }
GRAPHQL
cat >genqlient.yaml <<'YAML'
schema: schema.graphql
operations: [operations.graphql]
generated: generated.go
package: finding
YAML

go mod init finding.example/finding >log 2>&1 &&
	go get -tool github.com/Khan/genqlient@v0.8.1 >>log 2>&1 &&
	go get golang.org/x/tools@v0.52.0 >>log 2>&1 &&
	go build -o genqlient github.com/Khan/genqlient >>log 2>&1 || {
	cat log
	echo "NOT FOUND OUT: genqlient could not be built"
	exit 2
}
go list -m github.com/Khan/genqlient github.com/vektah/gqlparser/v2

echo
echo "1. Document does not say that it implements Node"
cp schema.graphql whole.graphql
sed 's/^interface Document implements Node /interface Document /' whole.graphql >schema.graphql
if ! ./genqlient genqlient.yaml >out 2>&1; then
	cat out
	echo "NOT FOUND OUT: this was expected to be taken"
	exit 2
fi
echo "generated"

echo
echo "2. Document implements Node"
cp whole.graphql schema.graphql
if ./genqlient genqlient.yaml >out 2>&1; then
	echo
	echo "CHANGED: genqlient takes a schema in which an interface implements another"
	exit 1
fi
cat out
grep -q "interface Node had non-object implementation Document" out || {
	echo
	echo "CHANGED: genqlient stops with another error"
	exit 1
}
echo
echo "AS STATED: it takes the interface for a possible type, and stops"
