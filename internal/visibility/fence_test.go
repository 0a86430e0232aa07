package visibility_test

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/schema"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/ent/db/migrate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
	"github.com/redthread-api/redthread/internal/visibility"
)

// deskOnlyTypes are the ent types that only the desk has and that belong to no
// document. The fence asks for a right before it lets one be read, so each is
// in the fence's own list too.
var deskOnlyTypes = []string{
	db.TypeApiKey, db.TypeAuditEntry, db.TypeConsent, db.TypeIdempotencyKey, db.TypeKeyNetwork, db.TypeLiveDocument, db.TypeLiveReference,
	db.TypeMention, db.TypeNewsletterKey, db.TypePerson, db.TypePublicationEntry, db.TypePublicationLog, db.TypeRegisteredDocument,
	db.TypeRevision, db.TypeSchedule, db.TypeSending, db.TypeSendingRecipient, db.TypeSubscriber, db.TypeSubscription,
	db.TypeSubscriptionRequest, db.TypeSuppression, db.TypeWebhook, db.TypeWebhookDelivery,
}

// otherTypes are the ent types that are none of the three: neither a document,
// nor owned by one, nor in deskOnlyTypes. Each needs a reason here.
var otherTypes = map[string]string{
	db.TypeAlias:           "former slugs and ids of documents; the document they lead to is read through the fence",
	db.TypeChange:          "the history of live; the fence has a condition of its own for it",
	db.TypeNameKey:         "folded names on the desk, which are read with SQL in transactions of the desk and never through a client",
	db.TypeLiveStep:        "hashes of what releases changed, which the program itself reads with SQL to drop cached responses",
	db.TypeSearchBlock:     "postings of the search index, which package search reads with SQL and shows as the fence would",
	db.TypeSearchPending:   "postings of the search index, as those",
	db.TypeSearchSegment:   "where the postings of the search index are",
	db.TypeSearchState:     "what the search index consists of",
	db.TypeSearchUnit:      "numbers of documents in the search index",
	db.TypeSearchUnitBlock: "markings and dates of documents in the search index, which package search compares with the viewer",
	db.TypeProjection:      "how far live came and which log it follows; it says nothing of a document",
}

// A new ent type that is in no class would be readable by everyone through the
// client: the fence lets pass what it does not know, because the rows of a
// document are reached through their document.
func TestEveryTypeIsKnownToTheFence(t *testing.T) {
	t.Parallel()
	owned := ownedTables()
	for name, table := range entTypes(t) {
		var classes []string
		if kind, ok := domain.ParseType(name); ok && kind.Name() == name {
			classes = append(classes, "a document")
		}
		if owned[table] {
			classes = append(classes, "owned by a document")
		}
		if slices.Contains(deskOnlyTypes, name) {
			classes = append(classes, "desk-only")
		}
		if otherTypes[name] != "" {
			classes = append(classes, "another type with a reason")
		}
		if len(classes) != 1 {
			t.Errorf("the ent type %s is %q, want one class: let a document own it (a foreign key that cascades), "+
				"or name the right to read it in deskOnly and in deskOnlyTypes here", name, classes)
		}
	}
	if got := slices.Sorted(maps.Keys(visibility.DeskOnly())); !slices.Equal(got, deskOnlyTypes) {
		t.Errorf("the fence asks for a right to read %v, want %v", got, deskOnlyTypes)
	}
}

// The fence asks for a viewer ahead of every type that it guards, and for more
// than the right to read live ahead of what only the desk has.
func TestTheFenceAtEveryType(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		anonymous := domain.WithViewer(t.Context(), domain.Anonymous())
		partner := domain.WithViewer(t.Context(), &domain.Viewer{Role: domain.Partner, Clearance: domain.Red, KeyID: 1})
		for name := range entTypes(t) {
			kind, ok := domain.ParseType(name)
			document := ok && kind.Name() == name
			deskOnly := slices.Contains(deskOnlyTypes, name)
			// Without a viewer the fence refuses all that it guards.
			if document || deskOnly || name == db.TypeChange {
				if err := count(t.Context(), s.Client(t.Context()), name); err == nil {
					t.Errorf("%s was read without a viewer", name)
				}
			}
			if deskOnly {
				if err := count(anonymous, s.Client(anonymous), name); !errors.Is(err, domain.ErrUnauthenticated) {
					t.Errorf("%s: an anonymous viewer got %v, want ErrUnauthenticated", name, err)
				}
				if err := count(partner, s.Client(partner), name); !errors.Is(err, domain.ErrForbidden) {
					t.Errorf("%s: a partner got %v, want ErrForbidden", name, err)
				}
			}
			if document || name == db.TypeChange {
				if err := count(anonymous, s.Client(anonymous), name); err != nil {
					t.Errorf("%s: an anonymous viewer got %v", name, err)
				}
			}
		}
	})
}

// count counts the rows of a type by its name.
func count(ctx context.Context, client *db.Client, name string) error {
	query := reflect.ValueOf(client).Elem().FieldByName(name).MethodByName("Query").Call(nil)[0]
	err, _ := query.MethodByName("Count").Call([]reflect.Value{reflect.ValueOf(ctx)})[1].Interface().(error)
	return err
}

// entTypes are the types of the ent client, each with its table.
func entTypes(t *testing.T) map[string]string {
	t.Helper()
	recorder := &statementRecorder{}
	client := db.NewClient(db.Driver(recorder))
	types := map[string]string{}
	fields := reflect.TypeOf(*client)
	for i := range fields.NumField() {
		field := fields.Field(i)
		if !field.IsExported() || field.Type.String() != "*db."+field.Name+"Client" {
			continue
		}
		_ = count(t.Context(), client, field.Name)
		from := regexp.MustCompile("FROM [`\"]([a-z_]+)[`\"]").FindStringSubmatch(recorder.last)
		if from == nil {
			t.Fatalf("%s: no table in %q", field.Name, recorder.last)
		}
		types[field.Name] = from[1]
	}
	if got, want := len(types), len(migrate.Tables); got != want {
		t.Fatalf("got %d types of %d tables: %v", got, want, types)
	}
	return types
}

// statementRecorder is a driver that keeps the last query and runs none.
type statementRecorder struct {
	dialect.Driver
	last string
}

func (*statementRecorder) Dialect() string { return dialect.SQLite }

func (r *statementRecorder) Query(_ context.Context, query string, _, _ any) error {
	r.last = query
	return errors.New("recorded")
}

// ownedTables are the tables whose rows go with a document: they refer to it,
// or to another owned table, with a foreign key that cascades.
func ownedTables() map[string]bool {
	owned, owners := map[string]bool{}, map[string]bool{}
	documents := map[string]bool{}
	for _, table := range migrate.Tables {
		if slices.ContainsFunc(table.Columns, func(c *schema.Column) bool { return c.Name == "effective_marking" }) {
			documents[table.Name], owners[table.Name] = true, true
		}
	}
	for grew := true; grew; {
		grew = false
		for _, table := range migrate.Tables {
			if owners[table.Name] {
				continue
			}
			for _, key := range table.ForeignKeys {
				if key.OnDelete == schema.Cascade && owners[key.RefTable.Name] {
					owned[table.Name], owners[table.Name], grew = true, true, true
				}
			}
		}
	}
	return owned
}

func TestMain(m *testing.M) { storetest.Main(m) }

// Without links, targets or ids a condition holds for no row, and not for all.
func TestEmptyConditionsAreFalse(t *testing.T) {
	t.Parallel()
	all := func(*sql.Selector) {}
	link := []visibility.Link{{From: "reports d", Column: "d.hero_id"}}
	for name, condition := range map[string]func(*sql.Selector) *sql.Predicate{
		"NoLinks":   func(s *sql.Selector) *sql.Predicate { return visibility.Linked(s, nil, "assets", []domain.ID{1}, all) },
		"NoTargets": func(s *sql.Selector) *sql.Predicate { return visibility.Linked(s, link, "assets", nil, all) },
		"NoIDs":     func(s *sql.Selector) *sql.Predicate { return visibility.HasID(s, nil) },
	} {
		s := sql.Dialect(dialect.Postgres).Select("id").From(sql.Table("reports"))
		query, _ := s.Where(condition(s)).Query()
		if !strings.HasSuffix(query, "WHERE FALSE") {
			t.Errorf("%s: got %s, want a condition that is false", name, query)
		}
	}
}
