// Package dataset is the data set of the load bench: reports, entities,
// relationships, tags, narratives and sources that are the same for the same seed
// and scale, on both engines.
//
// Each document is a pure function of its number ([Set.Report], [Set.Entity], …), so
// that the expected response to a query can be computed without a database, and a set
// of any size is generated in constant memory. [Generate] writes a set into stores. It
// writes rows and not mutations, in the shape that mutations leave: each published
// document has a revision and an entry of the publication log, so that live can be
// rebuilt from the desk, and documents can be edited and published.
//
// A part of the documents is marked GREEN or AMBER, and a part is not published, so
// that visibility costs what it costs in production.
package dataset
