// Package store opens the two stores, the desk and live, on either engine,
// and is the only package that imports a database driver.
//
// It owns the connection pools, the migrations, the write transactions, the
// read snapshots, the job queue, and the fence: the one condition that decides
// which rows exist for a viewer (row-level visibility). It knows tables, but no
// rule about what may be written to them.
//
// # Reading and writing
//
// [Stores.Client] is the client for reads: an ent client of the stage that the
// context asks for, which cannot write and puts the fence on every query. A
// context without a viewer is refused.
//
// [Stores.Desk] and [Stores.Live] are write transactions. They are not
// fenced: their callers, the editorial use cases and the projector, check the
// viewer's rights first. Desk transactions run one after another on both
// engines, across processes, so that a check made in one still holds when it
// commits. The same is true of live transactions.
// [Stores.Join] makes one desk transaction of several.
//
// # Errors
//
// Each engine's driver is wrapped, so that every error that means "the database
// cannot answer" becomes a domain error of KindUnavailable, by whichever
// function it leaves this package; its cause is for the log ([domain.Detail] and
// [Level]). [IsRetryableRead] reports whether the read can be retried in a new
// snapshot. In write transactions, violations of unique indexes and foreign keys
// become conflicts. All other errors of the engines are bugs of the program.
//
// [WriteBehind] writes what is buffered in memory.
//
// # Engines
//
// SQLite keeps two files, desk.db and live.db, each with one writing
// connection and a read-only pool. PostgreSQL keeps two schemas, desk and live,
// in one database; reads of live use a role without rights on the desk, if that
// role could be created, and may go to a replica.
package store
