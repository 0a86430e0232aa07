package exchange_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// While a large import is written and published, live can be read: no read fails
// because the database is busy, and each sees the whole release or nothing of it.
func TestReadersReadOnWhileAnImportRuns(t *testing.T) {
	t.Parallel()
	rows := 200
	if testing.Short() {
		rows = 80
	}
	var file strings.Builder
	file.WriteString(header)
	for i := range rows {
		fmt.Fprintf(&file, "x,Invented Company %d,IC %d,,Invented Holding %d,,2024-01-31,,\n", i, i, i%50)
	}
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		ctx, stop := context.WithCancel(t.Context())
		var readers sync.WaitGroup
		reads := make([]int, 4)
		for reader := range reads {
			readers.Go(func() {
				for ctx.Err() == nil && reads[reader] < 1_000_000 {
					if err := read(t.Context(), s, rows+50); err != nil {
						t.Errorf("a reader: %v", err)
						return
					}
					reads[reader]++
				}
			})
		}
		with := params
		with.Publish = true
		out, err := exchange.ImportCompanies(domain.AsSystem(t.Context(), "import"), newDesk(s), files(file.String()), with)
		stop()
		readers.Wait()
		if err != nil || len(out.Problems) > 0 || out.Published != 2*rows+50 {
			t.Fatalf("imported %+v, %v", out, err)
		}
		for reader, n := range reads {
			if n == 0 {
				t.Errorf("reader %d never got to read", reader)
			}
		}
		t.Logf("%d documents were imported and published during %v reads", out.Created, reads)
	})
}

// read reads live in one snapshot, and checks that it has the whole release or nothing
// of it.
func read(ctx context.Context, s *store.Stores, companies int) error {
	ctx, end := s.Snapshot(domain.WithViewer(ctx, domain.Anonymous()))
	defer end()
	c := s.Client(ctx)
	entities, err := c.Entity.Query().Count(ctx)
	if err != nil {
		return err
	}
	relationships, err := c.Relationship.Query().Count(ctx)
	if err != nil {
		return err
	}
	if entities == 0 && relationships == 0 || entities == companies && relationships == companies-50 {
		return nil
	}
	return fmt.Errorf("saw %d entities and %d relationships: a release in part", entities, relationships)
}
