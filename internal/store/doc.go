// Package store opens the two stores, the desk and live, on either engine,
// and is the only package that imports a database driver.
//
// It owns the pools, the migrations, the write transactions, the read
// snapshots, and the fence: the one condition that decides which rows exist
// for a viewer. It knows tables, but no rule of what may be written to them.
//
// # Doors
//
// [Stores.Client] is what public reads use: an ent client of the stage that
// the context asks for, which cannot write and fences every query. A context
// without a viewer is refused.
//
// [Stores.Desk] and [Stores.Live] are write transactions. They are not
// fenced: their callers, the editorial use cases and the projector, ask for
// the right to act first. Desk transactions run one after another on both
// engines, across processes, so that a check made in one still holds when it
// commits. Live transactions do, too.
//
// # Errors
//
// Around the driver of each engine every error that says that the database
// cannot answer becomes a domain error of KindUnavailable, whatever path it
// takes out of this package; its cause is for the log ([domain.Detail], and
// [Level]). [ReadAgain] says whether a new snapshot may do. Other errors of the
// engines are faults of the program, save those of unique indexes and foreign
// keys in write transactions, which are conflicts.
//
// What is gathered in memory and written later is written by [WriteBehind].
//
// # Engines
//
// SQLite keeps two files, desk.db and live.db, each with one writing
// connection and a pool that can only read. PostgreSQL keeps two schemas,
// desk and live, in one database; reads of live use a role that has no rights
// on the desk where the server lets one be made, and may go to a replica.
package store
