// Package syntax parses executable GraphQL documents: operations and fragments. It
// follows section 2 of the GraphQL specification, edition of September 2026,
// and returns the syntax tree of package gqlparser/v2/ast, so that validation and
// execution can be gqlparser's and gqlgen's.
//
// It exists because gqlparser's own lexer differs from the specification in what it
// accepts and in the values of strings, and can only be changed as a whole;
// docs/graphql.md lists the differences.
//
// The position of a node is that of its first token. Lines and columns begin at 1. A
// line ends at "\n", "\r\n" or "\r". Columns, and the offsets Start and End of a
// position, count Unicode code points. Comments are not in the tree.
package syntax
