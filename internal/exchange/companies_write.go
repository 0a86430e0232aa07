package exchange

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
)

// outcome is what the import did with a document of the list.
type outcome struct {
	status  editorial.PublicationStatus // as the import found it or, if it saved it, as it saved it
	created bool                        // the import created it
	changed bool                        // the import created it or changed it
	reason  string                      // why it must not be published; empty if it may
}

// write writes the source, the companies and then the relationships.
func (im *companyImport) write(ctx context.Context) error {
	total := 1 + len(im.companies)
	for _, c := range im.companies {
		total += len(c.parents)
	}
	done := 0
	step := func() {
		done++
		if im.params.Progress != nil {
			im.params.Progress(done, total)
		}
	}
	if err := im.writeSource(ctx); err != nil {
		return fmt.Errorf("save the source: %w", err)
	}
	step()
	for _, c := range im.companies {
		if err := im.writeCompany(ctx, c); err != nil {
			return err
		}
		step()
	}
	for _, c := range im.companies {
		for _, parent := range c.parents {
			step()
			// An editor may have merged them into one document.
			if c.id != 0 && c.id == parent.id {
				im.addNote(c.parentPlaces(), "%q and its parent %q are one document by now: no relationship was made of it", c.name(), parent.name())
			}
			if c.id == 0 || parent.id == 0 || c.id == parent.id {
				continue
			}
			if err := im.writeRelationship(ctx, c, parent); err != nil {
				return err
			}
		}
	}
	im.countDocuments()
	return nil
}

// countDocuments counts each document once, even if the list has it under several
// names.
func (im *companyImport) countDocuments() {
	for _, id := range im.order {
		switch w := im.outcomes[id]; {
		case w.created:
			im.out.Created++
		case w.changed:
			im.out.Changed++
		default:
			im.out.Unchanged++
		}
	}
}

// firstTime reports whether this is the first call with these arguments.
func (im *companyImport) firstTime(what ...any) bool {
	key := fmt.Sprintln(what...)
	if im.counted[key] {
		return false
	}
	im.counted[key] = true
	return true
}

// fields is an input of the desk, or a stored document, by the API's field names.
type fields = map[string]any

func (im *companyImport) writeSource(ctx context.Context) error {
	id, err := im.save(ctx, document{doc: domain.Source, slug: im.params.Source}, func(old *storedDocument) fields {
		if old != nil {
			return nil
		}
		return fields{"title": im.params.Programme, "publisher": im.params.Authority}
	})
	if err == nil && id == 0 {
		return domain.Invalid("%s", im.out.Problems[len(im.out.Problems)-1].Message)
	}
	im.source = id
	return err
}

// otherKinds are the kinds of entities that are never a company of a list.
var otherKinds = []any{"PERSON", "COUNTRY", "PLACE", "LEGAL_INSTRUMENT", "EVENT"}

func (im *companyImport) writeCompany(ctx context.Context, c *company) error {
	slug, err := im.findSlug(ctx, c)
	if err != nil {
		return err
	}
	var changes companyChanges
	c.id, err = im.save(ctx, document{doc: domain.Entity, slug: slug, places: c.places()}, func(old *storedDocument) fields {
		changes = im.changesOf(c, old)
		return changes.input
	})
	if err != nil {
		return err
	}
	if c.id == 0 {
		im.out.BadRows += len(c.rows)
		return nil
	}
	if im.firstTime(c.id) {
		if len(c.rows) > 0 {
			im.out.Listed++
		} else {
			im.out.Parents++
		}
	}
	for _, key := range changes.names {
		if im.firstTime(c.id, "name", key) {
			im.out.Names++
		}
	}
	for _, row := range c.rows {
		if im.firstTime(c.id, "listing", row.start) {
			im.out.Listings++
		} else {
			im.out.Repeats++
		}
	}
	im.out.Notes = append(im.out.Notes, changes.notes...)
	return nil
}

// findSlug returns the slug of the document of a company: its own or, if there is no
// such document, another possible slug with a document of the same name. Editors and
// older versions of the program made those.
func (im *companyImport) findSlug(ctx context.Context, c *company) (string, error) {
	own := c.slug()
	others := c.otherSlugs()
	if len(others) == 0 {
		return own, nil
	}
	stored, err := im.desk.Find(ctx, domain.Entity, own)
	if err != nil || stored != nil {
		return own, err
	}
	for _, slug := range others {
		stored, err := im.desk.Find(ctx, domain.Entity, slug)
		if err != nil {
			return "", err
		}
		if stored != nil && nameKey(textOf(stored.Fields, "name")) == c.key {
			return slug, nil
		}
	}
	return own, nil
}

// otherSlugs returns the slugs that the document of a company can have besides its
// own.
func (c *company) otherSlugs() (others []string) {
	for _, name := range c.spellings {
		for _, slug := range otherSlugs(name) {
			if slug != c.slug() && !slices.Contains(others, slug) {
				others = append(others, slug)
			}
		}
	}
	return others
}

func (im *companyImport) writeRelationship(ctx context.Context, c, parent *company) error {
	slug, err := im.findRelationship(ctx, c, parent)
	if err != nil {
		return err
	}
	id, err := im.save(ctx, document{doc: domain.Relationship, slug: slug, places: c.parentPlaces()}, func(old *storedDocument) fields {
		if old != nil {
			return nil
		}
		return fields{"from": c.id.String(), "to": parent.id.String(), "kind": "SUBSIDIARY_OF", "confidence": "CONFIRMED",
			"citations": []any{fields{"source": im.source.String()}}}
	})
	if id != 0 && im.firstTime(id) {
		im.out.Relationships++
	}
	return err
}

// findRelationship returns the slug of the relationship of two companies: its own, or
// one that an older version of the program gave it.
func (im *companyImport) findRelationship(ctx context.Context, c, parent *company) (string, error) {
	own := clipSlug(c.slug()) + "-subsidiary-of-" + clipSlug(parent.slug())
	var others []string
	for _, from := range append(c.otherSlugs(), c.slug()) {
		for _, to := range append(parent.otherSlugs(), parent.slug()) {
			if slug := legacyClipSlug(from) + "-subsidiary-of-" + legacyClipSlug(to); slug != own {
				others = append(others, slug)
			}
		}
	}
	if len(others) == 0 {
		return own, nil
	}
	stored, err := im.desk.Find(ctx, domain.Relationship, own)
	if err != nil || stored != nil {
		return own, err
	}
	for _, slug := range others {
		stored, err := im.desk.Find(ctx, domain.Relationship, slug)
		if err != nil {
			return "", err
		}
		if stored != nil && textOf(stored.Fields, "from") == c.id.String() && textOf(stored.Fields, "to") == parent.id.String() {
			return slug, nil
		}
	}
	return own, nil
}

// legacyClipSlug is clipSlug of older versions of the program.
func legacyClipSlug(slug string) string {
	if len(slug) <= maxEndSlug {
		return slug
	}
	sum := sha256.Sum256([]byte(slug))
	return strings.Trim(slug[:maxEndSlug-9], "-") + "-" + hex.EncodeToString(sum[:4])
}

// maxEndSlug is the greatest length of each end in the slug of a relationship.
const maxEndSlug = (domain.MaxSlug - len("-subsidiary-of-")) / 2

// clipSlug returns the slug of one end for the slug of a relationship: at most
// maxEndSlug long, and with a hash where the whole could otherwise be divided at
// another place.
func clipSlug(slug string) string {
	if len(slug) <= maxEndSlug && !strings.Contains(slug, "subsidiary-of") {
		return slug
	}
	return strings.Trim(slug[:min(len(slug), maxEndSlug-slugHash-1)], "-") + "-" + hashOf(slug)
}

// maxReads is how often a document is read because it was saved in between, before
// the import gives up on it.
const maxReads = 5

// document identifies a document of the list, and the lines that it comes from.
type document struct {
	doc    domain.Type
	slug   string
	places []Place
}

// storedDocument is a document that the desk has.
type storedDocument struct {
	*editorial.StoredDocument
	importedOnly bool // only imports have written it
}

// save reads a document, calls additions for the fields to write, and writes them
// with the version that it read. If the document was saved in between, it starts
// again. additions gets nil if there is no such document, and returns nothing if there
// is nothing to write. The id is 0 if the desk refused the document; then a problem
// is added.
func (im *companyImport) save(ctx context.Context, d document, additions func(old *storedDocument) fields) (domain.ID, error) {
	var refused error
	for range maxReads {
		stored, err := im.desk.Find(ctx, d.doc, d.slug)
		if err != nil {
			return 0, fmt.Errorf("read %s:%s: %w", d.doc, d.slug, err)
		}
		var old *storedDocument
		version := 0
		if stored != nil {
			version = stored.Version
			ours, err := im.importedOnly(ctx, stored.ID, 0)
			if err != nil {
				return 0, err
			}
			old = &storedDocument{stored, ours}
		}
		if d.doc == domain.Entity && old != nil && slices.Contains(otherKinds, old.Fields["kind"]) {
			im.addProblem(d.places, "entity:%s is a %s, not a company: rename one of them, in the list or on the desk", old.Slug, old.Fields["kind"])
			return 0, nil
		}
		input := additions(old)
		if len(input) == 0 {
			return stored.ID, im.recordOutcome(ctx, old, editorial.SaveResult{ID: stored.ID, Version: stored.Version})
		}
		input["slug"], input["version"], input["message"] = d.slug, version, "imported from a list of companies"
		saved, err := im.desk.Save(ctx, editorial.SaveParams{Type: d.doc, Mode: editorial.Upsert, Fields: input})
		switch {
		case errors.Is(err, domain.ErrConflict):
			refused = err
			continue
		case errors.Is(err, domain.ErrInvalid):
			im.addProblem(d.places, "%v", err)
			return 0, nil
		case err != nil:
			return 0, err
		}
		if d.doc == domain.Entity {
			im.recordPairs(saved, input, old)
		}
		return saved.ID, im.recordOutcome(ctx, old, saved)
	}
	im.addProblem(d.places, "%v", refused)
	return 0, nil
}

// addProblem adds a message about rows that were not imported.
func (im *companyImport) addProblem(places []Place, format string, args ...any) {
	im.out.Problems = append(im.out.Problems, RowMessage{places, fmt.Sprintf(format, args...)})
}

// addNote adds a message about rows that were imported.
func (im *companyImport) addNote(places []Place, format string, args ...any) {
	im.out.Notes = append(im.out.Notes, RowMessage{places, fmt.Sprintf(format, args...)})
}

// importedOnly reports whether only imports wrote the revisions of a document after a
// number; 0 for all of them.
func (im *companyImport) importedOnly(ctx context.Context, id domain.ID, after int) (bool, error) {
	names, err := im.desk.Authors(ctx, id, after)
	return !slices.ContainsFunc(names, func(name string) bool { return name != im.author }), err
}

// recordOutcome records the result of a save. old is the document before it; nil if it
// is new.
func (im *companyImport) recordOutcome(ctx context.Context, old *storedDocument, saved editorial.SaveResult) error {
	w := im.outcomes[saved.ID]
	if w == nil {
		w = &outcome{}
		im.outcomes[saved.ID] = w
		im.order = append(im.order, saved.ID)
	}
	// A document that the list has under two names is found the second time as
	// the import saved it, unless an editor saved it in between.
	if old != nil && (!w.changed || w.status.Version != old.Version) {
		reason, err := im.reason(ctx, old)
		if err != nil {
			return err
		}
		if reason != "" {
			w.reason = reason
		}
	}
	if old != nil {
		w.status = old.PublicationStatus
	}
	w.status.ID, w.status.Version = saved.ID, saved.Version
	w.created = w.created || saved.Created
	w.changed = w.changed || saved.Created || saved.Changed
	return nil
}

// reason returns why an existing document must not be published; empty if it may.
// A draft of an earlier import, which was stopped or did not publish, may.
func (im *companyImport) reason(ctx context.Context, old *storedDocument) (string, error) {
	switch {
	case !old.IsPending():
		return "", nil
	case old.LiveVersion == 0 && old.Published:
		return "it was taken out of live", nil
	}
	ours, err := im.importedOnly(ctx, old.ID, old.LiveVersion)
	switch {
	case err != nil || ours:
		return "", err
	case old.LiveVersion == 0:
		return "it was a draft before this run", nil
	}
	return "it had changes before this run that are not published", nil
}

// companyChanges is what to write to the document of a company, and what the list has
// of the company.
type companyChanges struct {
	input fields
	names []string // the keys of its other names
	notes []RowMessage
}

// changesOf returns what to write to the document of a company: everything for a new
// one, other names and listings for an existing one.
func (im *companyImport) changesOf(c *company, old *storedDocument) companyChanges {
	out := companyChanges{input: fields{}}
	name := c.name()
	switch {
	case old == nil:
		out.input["name"], out.input["kind"] = name, "COMPANY"
	default:
		stored := textOf(old.Fields, "name")
		if old.importedOnly && nameKey(stored) == c.key && compareSpellings(name, stored) < 0 {
			out.input["name"] = name
		} else {
			name = stored
		}
	}
	names := nameMerger{known: map[string]bool{nameKey(name): true, c.key: true}}
	listings := newListingMerger(im)
	if old != nil {
		names.list, _ = old.Fields["names"].([]any)
		names.importedOnly = old.importedOnly
		stored, _ := old.Fields["listings"].([]any)
		listings.load(stored, old.importedOnly)
	} else {
		names.importedOnly, listings.importedOnly = true, true
	}
	names.list = slices.Clone(names.list)
	names.add(c)
	out.names = names.keys
	if names.changed {
		out.input["names"] = names.list
	}
	for _, row := range c.rows {
		listings.add(row)
	}
	out.notes = listings.notes
	if listings.changed {
		out.input["listings"] = listings.sorted()
	}
	return out
}

func textOf(f any, name string) string {
	text, _ := f.(fields)[name].(string)
	return text
}

// nameMerger merges the other names of the rows into those that the desk has.
type nameMerger struct {
	known        map[string]bool // the keys of the name itself
	list         []any
	importedOnly bool // spellings and kinds can be changed
	keys         []string
	changed      bool
}

func (o *nameMerger) add(c *company) {
	for _, row := range c.rows {
		for _, text := range row.former {
			o.merge("FORMER", cleanName(text))
		}
	}
	for _, row := range c.rows {
		for _, text := range row.aliases {
			o.merge("ALIAS", cleanName(text))
		}
	}
	if o.changed && o.importedOnly {
		slices.SortStableFunc(o.list, func(a, b any) int {
			return cmp.Or(-cmp.Compare(textOf(a, "kind"), textOf(b, "kind")), cmp.Compare(textOf(a, "text"), textOf(b, "text")))
		})
	}
}

// merge adds a name. For an existing one it sets the kind FORMER or a better spelling.
func (o *nameMerger) merge(kind, text string) {
	key := nameKey(text)
	if o.known[key] {
		return
	}
	if !slices.Contains(o.keys, key) {
		o.keys = append(o.keys, key)
	}
	at := slices.IndexFunc(o.list, func(n any) bool { return nameKey(textOf(n, "text")) == key })
	if at < 0 {
		o.list, o.changed = append(o.list, fields{"text": text, "kind": kind}), true
		return
	}
	if !o.importedOnly {
		return
	}
	stored := o.list[at].(fields)
	better := fields{}
	for field, value := range stored {
		better[field] = value
	}
	if compareSpellings(text, textOf(stored, "text")) < 0 {
		better["text"] = text
	}
	if kind == "FORMER" {
		better["kind"] = kind
	}
	if better["text"] != stored["text"] || better["kind"] != stored["kind"] {
		o.list[at], o.changed = better, true
	}
}
