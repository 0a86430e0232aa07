// Package search is the search index of each store: an inverted index in tables
// that are the same on both engines. It writes the index in the transactions that write
// the documents, merges and rebuilds it, and finds what a viewer searches for: documents, suggestions,
// corrections, matches of names and related documents.
//
// A [Writer] writes documents, [Index] reads, and [Maintenance] merges and rebuilds. The terms
// come from package analysis, queries from package query, keys of names and their
// comparison from package names.
//
// A document, and each item of an edition, is a unit with a number. Blocks of units have
// what is known of each: its id, type, marking, dates, lengths, and the generation
// at which its postings were last written. A source has postings: for each term the units
// in which it stands, how often in each field, and where. Each write adds a source, as a
// row of pending postings; merges make segments of several sources, which do not
// change any more. A posting counts only if the present generation of its unit is one of
// its source, so that nothing is deleted from sources: a unit that was written again or removed
// is passed over, until a merge drops what no longer counts.
//
// Whether a viewer sees a unit is decided for each posting, and the
// statistics behind scores are computed by clearance. So what is hidden changes no result. Nothing is cut by a number
// of terms either: terms of what is hidden would count.
package search
