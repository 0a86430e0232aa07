// Package condition gives fields an error whose @skip or @include has a condition that is
// null: a variable of the type Boolean with a default, to which the request gives null.
//
// CollectFields (section 6.3.2 of the GraphQL specification) does not say whether there
// is such a field. Here there is, with an error: it does not run, its null propagates as
// that of any error, and other fields are answered. gqlgen panics instead.
package condition
