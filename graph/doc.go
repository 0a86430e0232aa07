// Package graph is the GraphQL door: it binds the schema to the readers and to
// the desk, sets the stage of an operation, presents errors, and limits what
// one operation may cost.
//
// Resolvers decode, make one call, and return. What is read is declared in
// package catalog and done in package read; what is written is done in package
// content. The executor and the models in generated and model are made from
// schema.graphql by the code generator; resolvers are written by hand.
package graph
