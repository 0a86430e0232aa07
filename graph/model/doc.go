// Package model has the Go types of those GraphQL types that are not rows of tables.
// gqlgen generates some from the schema, in generated.go; the others are written by
// hand.
package model
