// Package graph is the GraphQL API: it binds the schema to the read engine and
// to the desk, sets the stage of an operation, presents errors, and connects
// packages limits and queries to the executor, gqlgen.
//
// Resolvers decode, make one call, and return; each type has a file. What can be
// read is declared in package catalog and read by package read; package editorial
// writes. The executor in generated and the models in model are generated from
// schema.graphql; resolvers are written by hand.
package graph
