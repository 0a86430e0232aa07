// Package conformance is a suite of cases that any GraphQL server can be run against
// over HTTP: the GraphQL specification in its editions of September 2025 and September
// 2026, and GraphQL over HTTP in its edition of September 2026.
//
// A case is one request and what the specification says of its response. Most cases
// need nothing but what every server has: __typename, __schema and __type, whose
// argument is a String!, and the directives @skip and @include. Other cases need a
// position for a value of some type, which is looked for in the schema of the server (see
// Position), or a part of the reference schema (Schema), which a server can serve to
// be tested whole. A case whose needs are not met does not apply.
//
// Where the specification leaves a choice, a case accepts each of them. What it
// recommends only is a case of the level Should, which is reported and does not fail a
// run.
//
// The cases are in tables, one function for each topic, which return them in the order
// of the specification. Sections are named and not numbered, because numbers differ
// between the editions.
package conformance
