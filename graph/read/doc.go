// Package read executes the selections of GraphQL operations with few SQL statements.
//
// It owns the batches, the three kinds of edge, connections with their
// cursors, the filters, and the lookups by id and slug. It knows no resolver
// and no particular type: package catalog declares the types, and package
// graph binds them to the schema. It writes nothing.
//
// # Batches
//
// Rows that were loaded together share a [Batch]; each row points to it. The
// first resolver that asks for an edge of one row loads the edge for all rows
// of the batch with one statement, and the batch memoises the result under
// the edge and the selected field. The rows that come out form a batch of
// their own. So an operation costs one statement for each edge that it selects
// at each level, whatever the fragments, aliases and arguments, and no
// resolver looks ahead.
//
// Expensive columns, above all long texts, are read only where the operation selects a
// field that needs them: see [Group]. That is the only look-ahead, and it may read more
// than needed.
//
// Batches are what other servers do with a dataloader.
//
// Connections are paged by keyset (cursor) pagination. They are lazy: the page is read when nodes, edges or pageInfo are resolved,
// and the count when totalCount is.
//
// # Plans
//
// Plans read [Rows]: values without types, and of a [Selection] of columns. The texts of
// these statements are remembered, with placeholders for what differs from request to
// request; see text.go. Statements with filters or cursors are built each time.
//
// # Visibility
//
// The store's clients fence each query of documents. This package repeats the
// fence where a query's own does not reach: on the targets of relation
// filters and inside the grouped counts' subqueries. Rows that documents own
// (footnotes, citations, links) carry no marking; they are reached through
// their owner, which was visible.
//
// Hidden rows must be indistinguishable from missing ones: also by cursors and by the
// number of statements. So cursors hold nothing that counts
// hidden rows, and whether a statement runs depends on visible rows alone.
//
// # Engines
//
// A statement's text depends on the selection, never on the number of rows or
// values: sets go in as one parameter. What SQLite and PostgreSQL write
// differently is in the files named for them. Order and equality mean the same
// on both: texts compare by code point, and what is null comes lowest.
package read
