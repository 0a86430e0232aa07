package graph

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"entgo.io/ent/dialect/sql"
	lru "github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/ent/db/registereddocument"
	"github.com/redthread-api/redthread/graph/generated"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/store"
)

// Registry keeps registered documents: GraphQL documents that clients name,
// by an id, instead of sending them. Frontends and partners register theirs
// with each build. It is safe for concurrent use.
type Registry struct {
	stores *store.Stores
	now    func() time.Time
	schema *ast.Schema

	changes atomic.Int64 // made in this process

	mu     sync.Mutex
	recent *lru.LRU[string, recentText] // by id
	// unknown are ids that were asked for and are not registered, with the
	// time until which that is believed: clients of automatic persisted
	// queries ask for such, and so do those who mean harm.
	unknown *lru.LRU[string, time.Time]
}

type recentText struct {
	text  string
	until time.Time
}

const (
	maxRegistered     = 1000      // documents at once
	maxRegisteredText = 100 << 10 // bytes of one
	recentDocuments   = 2000
	unknownDocuments  = 20_000
	// recentFor is how long another process may honour a registration that has
	// ended, and unknownFor how long it may not know of a new one.
	recentFor  = 10 * time.Second
	unknownFor = 5 * time.Second
)

// NewRegistry returns the documents that are registered on the desk. now is
// the clock.
func NewRegistry(stores *store.Stores, now func() time.Time) *Registry {
	recent, err := lru.NewLRU[string, recentText](recentDocuments, nil)
	if err != nil {
		panic(err) // the size is a constant
	}
	unknown, err := lru.NewLRU[string, time.Time](unknownDocuments, nil)
	if err != nil {
		panic(err) // the size is a constant
	}
	return &Registry{
		stores: stores, now: now,
		schema: generated.NewExecutableSchema(generated.Config{}).Schema(),
		recent: recent, unknown: unknown,
	}
}

// lookedUp is what a look-up has found.
type lookedUp struct {
	text string
	ok   bool
	// until is how long that is believed, and changes the number of those that
	// had been made when it was looked up.
	until   time.Time
	changes int64
}

// remembered is what look-ups have found, if it is not too long ago.
func (g *Registry) remembered(id string) (found lookedUp, known bool) {
	at := g.now()
	g.mu.Lock()
	defer g.mu.Unlock()
	found.changes = g.changes.Load()
	if r, ok := g.recent.Get(id); ok && at.Before(r.until) {
		found.text, found.ok, found.until = r.text, true, r.until
		return found, true
	}
	until, known := g.unknown.Get(id)
	return found, known && at.Before(until)
}

// remember keeps what a look-up has found, unless something has changed since
// it began.
func (g *Registry) remember(id string, found lookedUp) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case found.changes != g.changes.Load():
	case found.ok:
		g.recent.Add(id, recentText{found.text, found.until})
	default:
		g.unknown.Add(id, found.until)
	}
}

// forget makes the next look-up of ids go to the desk, and look-ups that are
// on their way not to be remembered.
func (g *Registry) forget(ids ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.changes.Add(1)
	for _, id := range ids {
		g.recent.Remove(id)
		g.unknown.Remove(id)
	}
}

// Document is a document to be registered.
type Document struct {
	// ID is what clients will send; the text's SHA-256 in lower case hex where
	// it is empty.
	ID string
	// Name is what the document is called; its operation's name where it is
	// empty.
	Name string
	Text string
}

// documentID is what an id of one's own may look like.
var documentID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}$`)

// sha256Hex is an id that says what its text is.
var sha256Hex = regexp.MustCompile(`^(sha256:)?[0-9a-fA-F]{64}$`)

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// plainID is an id as it is kept: a hash without its prefix, in lower case.
func plainID(id string) string {
	if sha256Hex.MatchString(id) {
		return strings.ToLower(strings.TrimPrefix(id, "sha256:"))
	}
	return id
}

// Register keeps documents, all or none, and returns them in the order that
// they were given, with how many are new. One that is registered already is no
// error. The right REGISTER_DOCUMENTS may.
//
// Errors: KindInvalid for whatever is wrong with any of them; KindConflict
// for each id that stands for another text already.
func (g *Registry) Register(ctx context.Context, documents []Document) (kept []*db.RegisteredDocument, created int, err error) {
	viewer, err := domain.Require(ctx, domain.RegisterQueries)
	if err != nil {
		return nil, 0, err
	}
	if err := g.check(documents); err != nil {
		return nil, 0, err
	}
	at := g.now().UTC().Truncate(time.Microsecond)
	err = g.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		kept, created = nil, 0
		var taken []domain.FieldError
		for i, d := range documents {
			row, err := tx.Client().RegisteredDocument.Query().Where(registereddocument.DocumentID(d.ID)).Only(ctx)
			if err != nil && !db.IsNotFound(err) {
				return err
			}
			if row != nil && row.Text != d.Text {
				taken = append(taken, domain.FieldError{Path: fmt.Sprintf("documents[%d].id", i),
					Message: fmt.Sprintf("%q stands for another document already: give the new one an id of its own", d.ID)})
				continue
			}
			if row == nil {
				create := tx.Client().RegisteredDocument.Create().SetID(domain.NewID(domain.Query, at)).
					SetDocumentID(d.ID).SetText(d.Text).SetRegisteredBy(viewer.Name).SetRegisteredAt(at)
				if d.Name != "" {
					create.SetName(d.Name)
				}
				if row, err = create.Save(ctx); err != nil {
					return err
				}
				created++
			}
			kept = append(kept, row)
		}
		if taken != nil {
			return &domain.Error{Kind: domain.KindConflict, Message: "nothing was registered", Fields: taken[:min(len(taken), domain.MaxProblems)]}
		}
		if created == 0 {
			return nil
		}
		return audit.Append(ctx, tx, at, audit.Entry{Action: audit.RegisterDocuments, Detail: fmt.Sprintf("%d registered", created)})
	})
	if err != nil {
		return nil, 0, fmt.Errorf("register documents: %w", err)
	}
	ids := make([]string, len(kept))
	for i, row := range kept {
		ids[i] = row.DocumentID
	}
	g.forget(ids...)
	return kept, created, nil
}

// List returns all registered documents, the newest first. The right
// REGISTER_DOCUMENTS may.
func (g *Registry) List(ctx context.Context) ([]*db.RegisteredDocument, error) {
	if _, err := domain.Require(ctx, domain.RegisterQueries); err != nil {
		return nil, err
	}
	ctx = domain.WithStage(ctx, domain.Desk)
	rows, err := g.stores.Client(ctx).RegisteredDocument.Query().
		Order(registereddocument.ByRegisteredAt(sql.OrderDesc()), registereddocument.ByID(sql.OrderDesc())).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the registered documents: %w", err)
	}
	return rows, nil
}

// check notes all that is wrong with documents, and completes their ids and
// names.
func (g *Registry) check(documents []Document) error {
	var p domain.Problems
	if n := len(documents); n == 0 || n > maxRegistered {
		p.Add("documents", "want from 1 to %d documents", maxRegistered)
		return p.Err("nothing was registered")
	}
	seen := map[string]bool{}
	for i := range documents {
		d := &documents[i]
		path := fmt.Sprintf("documents[%d]", i)
		op := g.checkText(d.Text, path+".text", &p)
		switch {
		case d.ID == "":
			d.ID = hashOf(d.Text)
		case sha256Hex.MatchString(d.ID):
			if d.ID = plainID(d.ID); d.ID != hashOf(d.Text) {
				p.Add(path+".id", "looks like a SHA-256, and is not that of the text, which is %s", hashOf(d.Text))
			}
		case !documentID.MatchString(d.ID):
			p.Add(path+".id", "want letters, digits and . _ : / @ -, at most 200")
		}
		if seen[d.ID] {
			p.Add(path+".id", "is given twice")
		}
		seen[d.ID] = true
		if d.Name == "" && op != nil {
			d.Name = op.Name
		}
		if len(d.Name) > 200 || !utf8.ValidString(d.Name) || strings.ContainsFunc(d.Name, func(r rune) bool { return r < ' ' }) {
			p.Add(path+".name", "is one line of at most 200 bytes")
		}
	}
	return p.Err("nothing was registered")
}

// checkText notes what is wrong with a document, and returns its operation.
func (g *Registry) checkText(text, path string, p *domain.Problems) *ast.OperationDefinition {
	if len(text) > maxRegisteredText {
		p.Add(path, "is longer than %d bytes", maxRegisteredText)
		return nil
	}
	doc, _, err := limits.Parse(text)
	if err != nil {
		p.Add(path, "%s", err)
		return nil
	}
	if doc == nil {
		_, err := parser.ParseQuery(&ast.Source{Input: text})
		p.Add(path, "%s", located(err))
		return nil
	}
	if len(doc.Operations) != 1 {
		p.Add(path, "has %d operations: want one", len(doc.Operations))
		return nil
	}
	for i, err := range validator.ValidateWithRules(g.schema, doc, rules.NewDefaultRules()) {
		if i == maxErrors {
			break
		}
		p.Add(path, "%s", located(err))
	}
	return doc.Operations[0]
}

// located is what is wrong with a document, after the line that it is in where
// that is known: "line 3: …".
func located(err error) string {
	known, ok := errors.AsType[*gqlerror.Error](err)
	switch {
	case !ok:
		return err.Error()
	case len(known.Locations) == 0:
		return known.Message
	}
	return fmt.Sprintf("line %d: %s", known.Locations[0].Line, known.Message)
}

// Unregister ends the registration of documents, and returns the ids of those
// that had been registered. Other processes honour them for some seconds more.
// The right REGISTER_DOCUMENTS may.
func (g *Registry) Unregister(ctx context.Context, ids []string) (ended []string, err error) {
	if _, err := domain.Require(ctx, domain.RegisterQueries); err != nil {
		return nil, err
	}
	var p domain.Problems
	if n := len(ids); n == 0 || n > maxRegistered {
		p.Add("documentIds", "want from 1 to %d ids", maxRegistered)
		return nil, p.Err("nothing was changed")
	}
	at := g.now().UTC().Truncate(time.Microsecond)
	err = g.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		ended = []string{}
		for _, id := range ids {
			n, err := tx.Client().RegisteredDocument.Delete().Where(registereddocument.DocumentID(plainID(id))).Exec(ctx)
			if err != nil {
				return err
			}
			if n > 0 {
				ended = append(ended, plainID(id))
			}
		}
		if len(ended) == 0 {
			return nil
		}
		return audit.Append(ctx, tx, at, audit.Entry{Action: audit.RegisterDocuments, Detail: fmt.Sprintf("%d ended", len(ended))})
	})
	if err != nil {
		return nil, fmt.Errorf("unregister documents: %w", err)
	}
	g.forget(ended...)
	return ended, nil
}

// Text returns the registered document of an id; ok is false where there is
// none. What it says is asked of the desk, and then remembered for some
// seconds: also that there is none.
func (g *Registry) Text(ctx context.Context, id string) (text string, ok bool, err error) {
	found, err := g.lookUp(ctx, id)
	return found.text, found.ok, err
}

func (g *Registry) lookUp(ctx context.Context, id string) (lookedUp, error) {
	id = plainID(id)
	if !documentID.MatchString(id) {
		return lookedUp{}, nil
	}
	found, known := g.remembered(id)
	if known {
		return found, nil
	}
	at := g.now() // before it is read: from then on it is no longer known to hold
	system := domain.WithStage(domain.AsSystem(ctx, "look up a registered document"), domain.Desk)
	row, err := g.stores.Client(system).RegisteredDocument.Query().Where(registereddocument.DocumentID(id)).Only(system)
	switch {
	case db.IsNotFound(err):
		found.until = at.Add(unknownFor)
	case err != nil:
		return lookedUp{}, fmt.Errorf("look up a registered document: %w", err)
	default:
		found.text, found.ok, found.until = row.Text, true, at.Add(recentFor)
	}
	g.remember(id, found)
	return found, nil
}

func (r mutationResolver) RegisterDocuments(ctx context.Context, in model.RegisterDocumentsInput) (*model.RegisterDocumentsPayload, error) {
	documents := make([]Document, len(in.Documents))
	for i, d := range in.Documents {
		documents[i].Text = d.Text
		if d.ID != nil {
			documents[i].ID = *d.ID
		}
		if d.Name != nil {
			documents[i].Name = *d.Name
		}
	}
	kept, created, err := r.known.Register(ctx, documents)
	return orNil(model.RegisterDocumentsPayload{Documents: kept, Created: created}, err)
}

func (r mutationResolver) UnregisterDocuments(ctx context.Context, in model.UnregisterDocumentsInput) (*model.UnregisterDocumentsPayload, error) {
	ended, err := r.known.Unregister(ctx, in.DocumentIds)
	return orNil(model.UnregisterDocumentsPayload{DocumentIds: ended}, err)
}
