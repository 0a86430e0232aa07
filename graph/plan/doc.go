// Package plan runs queries of public content without an executor: it writes the response
// straight from rows.
//
// [Compile] turns a valid operation into a [Plan], once for each document, stage and set
// of fields that @skip and @include leave in. The plan has the tree of selections after
// fragments were merged, and for each field how it is read and written. [Plan.Run] reads
// the rows of the root fields, and each edge for all rows of its batch when the first row
// needs it, as package read does for resolvers, with the same statements. What a value
// looks like in a response is decided once for each column and not for each row.
//
// # What it leaves to the executor
//
// A plan knows columns, texts in Markdown, edges, connections and what [Types] says about
// other fields. Compile returns nil for an operation with anything else.
//
// A plan makes no errors for clients. Where an argument is wrong, a statement fails or a
// field that may not be null is null, Run returns [ErrNotPlanned] or the error, and the
// caller runs the operation again with the executor, in a new snapshot. So there is one
// place that says what is wrong and where.
//
// Limits, costs, markings, visibility, cancellation and the response cache are those of
// the operation, whichever way it is run.
package plan
