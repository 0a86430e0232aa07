package store

import (
	"context"
	"database/sql/driver"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// maxCachedStmts bounds the prepared statements of one connection. The
// program's own statements are some hundreds.
const maxCachedStmts = 512

// maxStmtText bounds the text of a cached statement, in bytes.
const maxStmtText = 32 << 10

// stmtCache is an LRU cache of the prepared statements of one connection.
// modernc.org/sqlite prepares each statement anew, which doubles the cost of a
// short read.
//
// A statement is prepared on the connection that runs it, when it runs, so no
// query waits for another connection.
type stmtCache struct {
	recent *simplelru.LRU[string, *cachedStmt]
}

// cachedStmt is a prepared statement in a stmtCache. It serves one query at a
// time: a second query with the same text, while the rows of the first are open,
// runs unprepared.
type cachedStmt struct {
	stmt    driver.Stmt
	inUse   bool
	evicted bool // to be closed after its use
}

func newStmtCache(size int) *stmtCache {
	c := &stmtCache{}
	var err error
	c.recent, err = simplelru.NewLRU(size, func(_ string, s *cachedStmt) { s.evict() })
	if err != nil {
		panic(err) // the size is a constant
	}
	return c
}

// take returns the prepared statement of a query, which has to be released, or
// nil if the query is to be run unprepared. A query that cannot be prepared is
// run unprepared too, which reports its error.
func (c *stmtCache) take(ctx context.Context, conn driver.ConnPrepareContext, query string) *cachedStmt {
	if !shouldPrepare(query) {
		return nil
	}
	return c.prepared(ctx, conn, query)
}

// prepared is take for a query that is worth caching.
func (c *stmtCache) prepared(ctx context.Context, conn driver.ConnPrepareContext, query string) *cachedStmt {
	if c == nil {
		return nil
	}
	if s, ok := c.recent.Get(query); ok {
		if s.inUse {
			return nil
		}
		s.inUse = true
		return s
	}
	stmt, err := conn.PrepareContext(ctx, query)
	if err != nil {
		return nil
	}
	s := &cachedStmt{stmt: stmt, inUse: true}
	c.recent.Add(query, s)
	return s
}

// shouldPrepare reports whether a query is worth caching: it reads or writes
// rows, and is not so long that it is unlikely to come again.
func shouldPrepare(query string) bool {
	if len(query) > maxStmtText {
		return false
	}
	for _, verb := range []string{"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"} {
		if len(query) > len(verb) && query[:len(verb)] == verb {
			return true
		}
	}
	return false
}

// release ends the use of a statement. It does nothing on nil.
func (s *cachedStmt) release() {
	if s == nil || !s.inUse {
		return
	}
	s.inUse = false
	if s.evicted {
		s.close()
	}
}

// evict closes a statement that left the cache, once it is not in use.
func (s *cachedStmt) evict() {
	s.evicted = true
	if !s.inUse {
		s.close()
	}
}

func (s *cachedStmt) close() {
	_ = s.stmt.Close() // only repeats the error of its last use
}

func (c *stmtCache) close() {
	if c != nil {
		c.recent.Purge()
	}
}
