package read_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect"

	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// An index has the rows of each list in each order: a page of a list of live never sorts
// more than it shows.
func TestOrdersHaveIndexes(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		var last string
		c.Fault = func(_, query string) error {
			if strings.HasPrefix(query, "SELECT") && strings.Contains(query, "ORDER BY") {
				last = query
			}
			return nil
		}
		s, err := store.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		ctx := domain.WithViewer(t.Context(), domain.Anonymous())
		r := read.NewReader(s, catalog.Tables())
		checked := 0
		for _, table := range catalog.Tables() {
			if table.Document == 0 {
				continue
			}
			for field, order := range table.Orders {
				for _, direction := range []string{read.Ascending, read.Descending} {
					by := read.OrderBy{Field: field, Direction: direction}
					var value any
					switch order.Kind {
					case read.DateTime:
						value = time.Unix(1e9, 0)
					case read.Int, read.Long, read.Share:
						value = int64(7)
					default:
						value = "2020"
					}
					cursor, err := read.CursorOf(table, by, value, 5)
					if err != nil {
						t.Fatal(err)
					}
					for _, after := range []*string{nil, &cursor} {
						list, err := r.Listing(ctx, table, read.Args{Order: &by, After: after})
						if err != nil {
							t.Fatalf("%s by %v: %v", table.Name, by, err)
						}
						if _, _, err := list.Rows(ctx, &read.Selection{}, nil, false); err != nil {
							t.Fatalf("%s by %v: %v", table.Name, by, err)
						}
						plan := explain(t, s, last, "enable_seqscan", "enable_sort", "enable_bitmapscan")
						// An incremental sort is one of the rows with the same slug.
						if strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "->  Sort  (") {
							t.Errorf("%s by %v, after a cursor: %t: got\n%s\nwhich sorts, of\n%s", table.Name, by, after != nil, plan, last)
						}
						checked++
					}
				}
			}
		}
		if want := 200; checked < want {
			t.Errorf("checked %d pages, want at least %d", checked, want)
		}
	})
}

// The two columns that lists are read by are in all links that the catalog takes them for.
func TestDatedLinks(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		for _, table := range catalog.Tables() {
			for name, path := range table.Relations {
				if path.Link == nil || path.Link.Dated == "" {
					continue
				}
				if path.Link.Dated != path.Link.Owner && path.Link.Dated != path.Link.Target {
					t.Errorf("%s.%s: got the dated column %s, want one of both ends", table.Type, name, path.Link.Dated)
				}
				query := fmt.Sprintf("SELECT owner_published, owner_marking, %s FROM %s", path.Link.Dated, path.Link.Table)
				if plan := explain(t, s, query); plan == "" && s.Dialect() == dialect.SQLite {
					t.Errorf("%s.%s: no plan", table.Type, name)
				}
			}
		}
	})
}
