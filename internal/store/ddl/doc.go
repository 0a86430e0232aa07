// Package ddl says which tables of the ent schema each store has, and how they are
// compared with those of a database.
//
// The generator of the migrations and the tests use it. The program does not: it only
// runs the migrations, and without this package no differ of schemas is linked into it.
package ddl
