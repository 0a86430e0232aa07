package conformance

import _ "embed"

// Schema is the reference schema in SDL, with what each field returns.
//
//go:embed schema.graphql
var Schema string
