package graph_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// A query whose snapshot is lost is read again, a few times, and is answered
// whole or not at all.
func TestQueriesAreReadAgain(t *testing.T) {
	t.Parallel()
	const query = `{ reports { totalCount nodes { slug } } tag(slug: "x") { label } tags { totalCount } }`
	for name, row := range map[string]struct {
		err   error
		word  string // of the statements that fail
		times int    // 0: always
		// What comes of it.
		status int
		hits   int // 0: more than one
	}{
		"ConflictOnce":       {storetest.RecoveryConflict(), "FROM", 1, http.StatusOK, 1},
		"ConflictTwice":      {storetest.RecoveryConflict(), "FROM", 2, http.StatusOK, 2},
		"ConflictOfOneTable": {storetest.RecoveryConflict(), "tags", 2, http.StatusOK, 2},
		"ConflictAlways":     {storetest.RecoveryConflict(), "FROM", 0, http.StatusServiceUnavailable, 0},
		"LostOnce":           {storetest.ConnectionRefused(), "BEGIN", 1, http.StatusOK, 1},
		"Full":               {storetest.TooManyConnections(), "FROM", 0, http.StatusServiceUnavailable, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.EachConfig(t, func(t *testing.T, c store.Config) {
				s, faults := storetest.OpenFaulty(t, c)
				g := newAccessAPI(t, s, nil)
				faults.Fail("live", row.word, row.times, row.err)
				got := g.send(public, http.MethodPost, vars{"query": query})
				hits := faults.Hits()
				if got.status != row.status || row.hits > 0 && hits != row.hits || row.hits == 0 && hits < 2 {
					t.Errorf("got %d after %d failures, %s\n%s", got.status, hits, got.body, g.log)
				}
				if row.status == http.StatusOK {
					if got.code() != "" || !strings.Contains(got.body, `"totalCount":0`) {
						t.Errorf("got %s", got.body)
					}
					return
				}
				if len(got.Errors) != 1 || got.code() != "UNAVAILABLE" || strings.Contains(got.body, `"data"`) || got.header.Get("Retry-After") == "" {
					t.Errorf("got %s, %v", got.body, got.header)
				}
				if !strings.Contains(g.log.String(), storetest.SecretHost) || strings.Contains(got.body, storetest.SecretHost) {
					t.Errorf("the log should say why, and the answer not:\n%s\n%s", g.log, got.body)
				}
			})
		})
	}
}
