package editorial_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// statementsPerThousand bounds the statements of a release and of its
// projection, for each thousand documents.
const statementsPerThousand = 200

func TestALargeReleaseTakesFewStatements(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		var statements atomic.Int64
		c.Fault = func(_, query string) error {
			if query != "" { // a new connection
				statements.Add(1)
			}
			return nil
		}
		s, err := store.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		d := newDesk(t, s)
		defer d.Close()
		d.Source("register")
		d.Tag("sea")
		d.Entity("acme")
		d.MustPublish("entity:acme")
		const n = 500
		var documents []string
		write := func(mode editorial.Mode, key, title string) {
			for i := range n {
				entity, tie := fmt.Sprintf("entity-%d", i), fmt.Sprintf("tie-%d", i)
				d.MustSave(domain.Entity, mode, fields{key: entity, "name": title, "kind": "COMPANY", "tags": list("sea"),
					"names": list(fields{"text": title + " Ltd", "kind": "ALIAS"})})
				d.MustSave(domain.Relationship, mode, fields{key: tie, "from": entity, "to": "acme", "kind": "SUPPLIES", "confidence": "POSSIBLE",
					"description": title, "citations": list(fields{"source": "register"})})
			}
		}
		for i := range n {
			documents = append(documents, fmt.Sprintf("entity:entity-%d", i), fmt.Sprintf("relationship:tie-%d", i))
		}
		for i, mode := range []editorial.Mode{editorial.Create, editorial.Update} {
			write(mode, []string{"slug", "id"}[i], fmt.Sprint("Title ", i))
			statements.Store(0)
			d.MustPublish(documents...)
			if got := statements.Load(); got > statementsPerThousand {
				t.Errorf("round %d: a release of %d documents took %d statements, more than %d", i, 2*n, got, statementsPerThousand)
			}
		}
	})
}

// Names that are not there cost no more than the answer shows of them.
func TestUnknownNamesTakeFewStatements(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		var statements atomic.Int64
		c.Fault = func(string, string) error { statements.Add(1); return nil }
		s, err := store.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		d := newDesk(t, s)
		defer d.Close()
		d.Entity("acme")
		var documents []string
		for i := range 5000 {
			documents = append(documents, fmt.Sprintf("entity:acm-%d", i))
		}
		statements.Store(0)
		_, err = d.Publish(d.Ctx, editorial.PublishParams{Documents: documents})
		if err == nil || !strings.Contains(err.Error(), "4900 more problems") {
			t.Errorf("got %v, want an error that says how many more there are", err)
		}
		if got := statements.Load(); got > domain.MaxProblems+20 {
			t.Errorf("5,000 unknown names took %d statements", got)
		}
	})
}
