package queries

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/ent/db/registereddocument"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// Registry is the set of registered documents, which is stored on the desk. It
// is safe for concurrent use.
type Registry struct {
	stores *store.Stores
	now    func() time.Time
	check  CheckFunc
	cache  *lookupCache
}

// CheckFunc checks the text of a document that is to be registered. It returns
// the name of its operation, which may be empty, and all that is wrong with it.
type CheckFunc func(text string) (operation string, problems []string)

const (
	maxRegistered     = 1000      // documents at once
	maxRegisteredText = 100 << 10 // bytes of one
)

// NewRegistry returns the documents that are registered on the desk. check is
// applied to what is registered; now is the clock.
func NewRegistry(stores *store.Stores, check CheckFunc, now func() time.Time) *Registry {
	return &Registry{stores: stores, now: now, check: check, cache: newLookupCache()}
}

// Document is a document that is to be registered.
type Document struct {
	// ID is what clients will send. Empty stands for the SHA-256 of the text in
	// lower case hex.
	ID string
	// Name is what the document is called. Empty stands for the name of its
	// operation.
	Name string
	Text string
}

// Register registers documents, all or none, and returns them in the order
// that they were given, with the number of those that are new. A document that
// is registered already is no error. It needs the right REGISTER_DOCUMENTS.
//
// Errors: KindInvalid with all that is wrong with the documents; KindConflict
// with each id that another text has already.
func (r *Registry) Register(ctx context.Context, documents []Document) (registered []*db.RegisteredDocument, created int, err error) {
	viewer, err := domain.Require(ctx, domain.RegisterQueries)
	if err != nil {
		return nil, 0, err
	}
	if err := r.checkAll(documents); err != nil {
		return nil, 0, err
	}
	at := r.now().UTC().Truncate(time.Microsecond)
	err = r.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		registered, created = nil, 0
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
			registered = append(registered, row)
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
	ids := make([]string, len(registered))
	for i, row := range registered {
		ids[i] = row.DocumentID
	}
	store.AfterCommit(ctx, func() { r.cache.invalidate(ids...) })
	return registered, created, nil
}

// List returns all registered documents, the newest first. It needs the right
// REGISTER_DOCUMENTS.
func (r *Registry) List(ctx context.Context) ([]*db.RegisteredDocument, error) {
	if _, err := domain.Require(ctx, domain.RegisterQueries); err != nil {
		return nil, err
	}
	ctx = domain.WithStage(ctx, domain.Desk)
	rows, err := r.stores.Client(ctx).RegisteredDocument.Query().
		Order(registereddocument.ByRegisteredAt(sql.OrderDesc()), registereddocument.ByID(sql.OrderDesc())).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the registered documents: %w", err)
	}
	return rows, nil
}

// checkAll returns an error with all that is wrong with documents, and sets
// the ids and names that are empty.
func (r *Registry) checkAll(documents []Document) error {
	var p domain.Problems
	if n := len(documents); n == 0 || n > maxRegistered {
		p.Add("documents", "want from 1 to %d documents", maxRegistered)
		return p.Err("nothing was registered")
	}
	seen := map[string]bool{}
	for i := range documents {
		d := &documents[i]
		path := fmt.Sprintf("documents[%d]", i)
		operation := r.checkText(d.Text, path+".text", &p)
		switch {
		case d.ID == "":
			d.ID = hashOf(d.Text)
		case sha256Hex.MatchString(d.ID):
			if d.ID = storedID(d.ID); d.ID != hashOf(d.Text) {
				p.Add(path+".id", "looks like a SHA-256, and is not that of the text, which is %s", hashOf(d.Text))
			}
		case !validID.MatchString(d.ID):
			p.Add(path+".id", "want letters, digits and . _ : / @ -, at most 200")
		}
		if seen[d.ID] {
			p.Add(path+".id", "is given twice")
		}
		seen[d.ID] = true
		if d.Name == "" {
			d.Name = operation
		}
		if len(d.Name) > 200 || !utf8.ValidString(d.Name) || strings.ContainsFunc(d.Name, func(r rune) bool { return r < ' ' }) {
			p.Add(path+".name", "is one line of at most 200 bytes")
		}
	}
	return p.Err("nothing was registered")
}

// checkText adds what is wrong with a text to p, and returns the name of its
// operation.
func (r *Registry) checkText(text, path string, p *domain.Problems) string {
	if len(text) > maxRegisteredText {
		p.Add(path, "is longer than %d bytes", maxRegisteredText)
		return ""
	}
	operation, problems := r.check(text)
	for _, problem := range problems {
		p.Add(path, "%s", problem)
	}
	return operation
}

// Unregister ends the registration of documents, and returns the ids of those
// that were registered. Other processes run them for some seconds more. It
// needs the right REGISTER_DOCUMENTS.
func (r *Registry) Unregister(ctx context.Context, ids []string) (ended []string, err error) {
	if _, err := domain.Require(ctx, domain.RegisterQueries); err != nil {
		return nil, err
	}
	var p domain.Problems
	if n := len(ids); n == 0 || n > maxRegistered {
		p.Add("documentIds", "want from 1 to %d ids", maxRegistered)
		return nil, p.Err("nothing was changed")
	}
	at := r.now().UTC().Truncate(time.Microsecond)
	err = r.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		ended = []string{}
		for _, id := range ids {
			if !validID.MatchString(id) {
				continue // PostgreSQL takes no NUL
			}
			n, err := tx.Client().RegisteredDocument.Delete().Where(registereddocument.DocumentID(storedID(id))).Exec(ctx)
			if err != nil {
				return err
			}
			if n > 0 {
				ended = append(ended, storedID(id))
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
	store.AfterCommit(ctx, func() { r.cache.invalidate(ended...) })
	return ended, nil
}
