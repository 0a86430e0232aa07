// Package model has the Go types of the GraphQL types that are no rows: those
// that gqlgen generates from the schema, and those written by hand here.
package model
