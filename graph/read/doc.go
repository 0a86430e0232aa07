// Package read turns what a GraphQL operation selects into few SQL statements.
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
// of the batch with one statement, and the batch remembers the answer under
// the edge and the selected field. The rows that come out form a batch of
// their own. So an operation costs one statement for each edge that it selects
// at each level, whatever the fragments, aliases and arguments, and no
// resolver looks ahead.
//
// Columns that cost something, long texts above all, are read only where the
// operation selects a field that needs them: see [Group]. That is the one look
// ahead, and it may err on the side of reading more.
//
// Connections are lazy: the page is read when nodes, edges or pageInfo are
// asked for, and the count when totalCount is.
//
// # Visibility
//
// The store's clients fence each query of documents. This package repeats the
// fence where a query's own does not reach: on the targets of relation
// filters and inside the grouped counts' subqueries. Rows that documents own
// (footnotes, citations, links) carry no marking; they are reached through
// their owner, which was visible.
//
// What is hidden must not be told apart from what is not there: not by a cursor,
// and not by the number of statements. So cursors hold nothing that counts
// hidden rows, and whether a statement runs depends on visible rows alone.
//
// # Engines
//
// A statement's text depends on what is asked, never on how many rows or
// values: sets go in as one parameter. What SQLite and PostgreSQL write
// differently is in the files named for them. Order and equality mean the same
// on both: texts compare by code point, and what is null comes lowest.
package read
