package graph

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hashicorp/golang-lru/v2/expirable"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/redthread-api/redthread/ent"
	"github.com/redthread-api/redthread/ent/registereddocument"
	"github.com/redthread-api/redthread/graph/generated"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// Registry keeps registered documents: GraphQL documents that clients name,
// by an id, instead of sending them. Frontends and partners register theirs
// with each build. It is safe for concurrent use.
type Registry struct {
	stores *store.Stores
	now    func() time.Time
	schema *ast.Schema
	recent *expirable.LRU[string, string] // texts by id
}

const (
	maxRegistered     = 1000      // documents at once
	maxRegisteredText = 100 << 10 // bytes of one
	recentDocuments   = 2000
	// recentFor is how long an ended registration may be honoured.
	recentFor = 10 * time.Second
)

// NewRegistry returns the documents that are registered on the desk. now is
// the clock.
func NewRegistry(stores *store.Stores, now func() time.Time) *Registry {
	return &Registry{
		stores: stores, now: now,
		schema: generated.NewExecutableSchema(generated.Config{}).Schema(),
		recent: expirable.NewLRU[string, string](recentDocuments, nil, recentFor),
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

// Register keeps documents, all or none. One that is registered already is no
// error. The right REGISTER_DOCUMENTS may.
//
// Errors: KindInvalid for whatever is wrong with any of them; KindConflict
// where an id stands for another text already.
func (g *Registry) Register(ctx context.Context, documents []Document) (kept []*ent.RegisteredDocument, created int, err error) {
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
		for _, d := range documents {
			row, err := tx.Client().RegisteredDocument.Query().Where(registereddocument.DocumentID(d.ID)).Only(ctx)
			if err != nil && !ent.IsNotFound(err) {
				return err
			}
			if row != nil && row.Text != d.Text {
				return domain.Conflict("the id %q stands for another document already: give the new one an id of its own", d.ID)
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
		if created == 0 {
			return nil
		}
		return audit.Append(ctx, tx, at, audit.Entry{Action: audit.RegisterDocuments, Detail: fmt.Sprintf("%d registered", created)})
	})
	if err != nil {
		return nil, 0, fmt.Errorf("register documents: %w", err)
	}
	return kept, created, nil
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
	doc, _, refused := parse(text)
	if refused != nil {
		p.Add(path, "%s", refused.Message)
		return nil
	}
	if doc == nil {
		_, err := parser.ParseQuery(&ast.Source{Input: text})
		p.Add(path, "does not parse: %s", err)
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
		p.Add(path, "%s", err.Message)
	}
	return doc.Operations[0]
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
	for _, id := range ended {
		g.recent.Remove(id)
	}
	return ended, nil
}

// Text returns the registered document of an id; ok is false where there is
// none.
func (g *Registry) Text(ctx context.Context, id string) (text string, ok bool, err error) {
	id = plainID(id)
	if text, ok := g.recent.Get(id); ok {
		return text, true, nil
	}
	if !documentID.MatchString(id) {
		return "", false, nil
	}
	system := domain.WithStage(domain.AsSystem(ctx, "look up a registered document"), domain.Desk)
	row, err := g.stores.Client(system).RegisteredDocument.Query().Where(registereddocument.DocumentID(id)).Only(system)
	if ent.IsNotFound(err) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("look up a registered document: %w", err)
	}
	g.recent.Add(id, row.Text)
	return row.Text, true, nil
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
