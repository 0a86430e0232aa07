// Package sequential marshals lists one element after the other.
//
// gqlgen starts a goroutine for each element, which costs more than most
// elements do, and makes the rows of a batch race for what the first of them
// loads for all. The code generator puts this package in the place of gqlgen's
// own function.
package sequential

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
)

// MarshalSlice has the signature of graphql.MarshalSliceConcurrently. Fields
// recover from panics by themselves, so it does not.
func MarshalSlice(ctx context.Context, n int, _ int64, _ bool, element func(context.Context, int) graphql.Marshaler) graphql.Array {
	out := make(graphql.Array, n)
	for i := range out {
		out[i] = element(graphql.WithFieldContext(ctx, &graphql.FieldContext{Index: &i}), i)
	}
	return out
}
