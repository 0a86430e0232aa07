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

// written is what became of a document of the list.
type written struct {
	standing editorial.PublicationStatus // as the import found it, or left it
	created  bool                        // the import created it
	changed  bool                        // the import created it or changed it
	reason   string                      // why it is not to be published; empty if nothing speaks against it
}

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
			// Both may be one document by now: an editor has merged them.
			if c.id != 0 && c.id == parent.id {
				im.note(c.parentPlaces(), "%q and its parent %q are one document by now: no relationship was made of it", c.name(), parent.name())
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

// countDocuments counts each document once, under however many names the list has
// it.
func (im *companyImport) countDocuments() {
	for _, id := range im.order {
		switch w := im.written[id]; {
		case w.created:
			im.out.Created++
		case w.changed:
			im.out.Changed++
		default:
			im.out.Unchanged++
		}
	}
}

// countOnce reports whether it is asked about what for the first time.
func (im *companyImport) countOnce(what ...any) bool {
	key := fmt.Sprintln(what...)
	if im.counted[key] {
		return false
	}
	im.counted[key] = true
	return true
}

// fields are an input of the desk, or what the desk has, by API name.
type fields = map[string]any

func (im *companyImport) writeSource(ctx context.Context) error {
	id, err := im.save(ctx, document{doc: domain.Source, slug: im.params.Source}, func(old *found) fields {
		if old != nil {
			return nil
		}
		return fields{"title": im.params.Programme, "publisher": im.params.Authority}
	})
	if err == nil && id == 0 {
		return domain.Invalid("%s", im.out.Bad[len(im.out.Bad)-1].Message)
	}
	im.source = id
	return err
}

// otherKinds are the kinds of entities that are no company, whatever their name.
var otherKinds = []any{"PERSON", "COUNTRY", "PLACE", "LEGAL_INSTRUMENT", "EVENT"}

func (im *companyImport) writeCompany(ctx context.Context, c *company) error {
	slug, err := im.findSlug(ctx, c)
	if err != nil {
		return err
	}
	var after describes
	c.id, err = im.save(ctx, document{doc: domain.Entity, slug: slug, places: c.places()}, func(old *found) fields {
		after = im.describe(c, old)
		return after.input
	})
	if err != nil {
		return err
	}
	if c.id == 0 {
		im.out.BadRows += len(c.rows)
		return nil
	}
	if im.countOnce(c.id) {
		if len(c.rows) > 0 {
			im.out.Listed++
		} else {
			im.out.Parents++
		}
	}
	for _, key := range after.names {
		if im.countOnce(c.id, "name", key) {
			im.out.Names++
		}
	}
	for _, row := range c.rows {
		if im.countOnce(c.id, "listing", row.start) {
			im.out.Listings++
		} else {
			im.out.Repeats++
		}
	}
	im.out.Notes = append(im.out.Notes, after.notes...)
	return nil
}

// findSlug is the slug of the company's document: its own, or one that its name
// could have where that is a document of this very name. Editors and older
// programs chose it.
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

// otherSlugs are the slugs that the company's document can have besides its own.
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
	id, err := im.save(ctx, document{doc: domain.Relationship, slug: slug, places: c.parentPlaces()}, func(old *found) fields {
		if old != nil {
			return nil
		}
		return fields{"from": c.id.String(), "to": parent.id.String(), "kind": "SUBSIDIARY_OF", "confidence": "CONFIRMED",
			"citations": []any{fields{"source": im.source.String()}}}
	})
	if id != 0 && im.countOnce(id) {
		im.out.Relationships++
	}
	return err
}

// findRelationship is the slug of the relationship of two companies: its own, or
// one that an older program gave it.
func (im *companyImport) findRelationship(ctx context.Context, c, parent *company) (string, error) {
	own := clipSlug(c.slug()) + "-subsidiary-of-" + clipSlug(parent.slug())
	var others []string
	for _, from := range append(c.otherSlugs(), c.slug()) {
		for _, to := range append(parent.otherSlugs(), parent.slug()) {
			if slug := olderClip(from) + "-subsidiary-of-" + olderClip(to); slug != own {
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

// olderClip is clipSlug as older programs had it.
func olderClip(slug string) string {
	if len(slug) <= mostOfTwo {
		return slug
	}
	sum := sha256.Sum256([]byte(slug))
	return strings.Trim(slug[:mostOfTwo-9], "-") + "-" + hex.EncodeToString(sum[:4])
}

// mostOfTwo is how much of a relationship's slug each end has.
const mostOfTwo = (domain.MaxSlug - len("-subsidiary-of-")) / 2

// clipSlug keeps a slug of two names within its limit, and apart from one that is
// divided elsewhere.
func clipSlug(slug string) string {
	if len(slug) <= mostOfTwo && !strings.Contains(slug, "subsidiary-of") {
		return slug
	}
	return strings.Trim(slug[:min(len(slug), mostOfTwo-slugHash-1)], "-") + "-" + hashOf(slug)
}

// maxReads bounds how often a document is read anew because it was saved in
// between.
const maxReads = 5

// document names a document of the list, and the lines that it comes from.
type document struct {
	doc    domain.Type
	slug   string
	places []Place
}

// found is a document that is there.
type found struct {
	*editorial.StoredDocument
	ours bool // nobody but imports has written it
}

// save reads a document, asks additions what to write of it, and writes that
// with the version that it has read; where it was saved in between, it begins
// anew. additions gets nil for a document that is not there, and returns nothing
// where there is nothing to write. The id is 0 for a document that the desk
// refused: that is noted by line.
func (im *companyImport) save(ctx context.Context, d document, additions func(old *found) fields) (domain.ID, error) {
	var refused error
	for range maxReads {
		stored, err := im.desk.Find(ctx, d.doc, d.slug)
		if err != nil {
			return 0, fmt.Errorf("read %s:%s: %w", d.doc, d.slug, err)
		}
		var old *found
		version := 0
		if stored != nil {
			version = stored.Version
			ours, err := im.ours(ctx, stored.ID, 0)
			if err != nil {
				return 0, err
			}
			old = &found{stored, ours}
		}
		if d.doc == domain.Entity && old != nil && slices.Contains(otherKinds, old.Fields["kind"]) {
			im.bad(d.places, "entity:%s is a %s, not a company: rename one of them, in the list or on the desk", old.Slug, old.Fields["kind"])
			return 0, nil
		}
		input := additions(old)
		if len(input) == 0 {
			return stored.ID, im.remember(ctx, old, editorial.SaveResult{ID: stored.ID, Version: stored.Version})
		}
		input["slug"], input["version"], input["message"] = d.slug, version, "imported from a list of companies"
		saved, err := im.desk.Save(ctx, editorial.SaveParams{Type: d.doc, Mode: editorial.Upsert, Fields: input})
		switch {
		case errors.Is(err, domain.ErrConflict):
			refused = err
			continue
		case errors.Is(err, domain.ErrInvalid):
			im.bad(d.places, "%v", err)
			return 0, nil
		case err != nil:
			return 0, err
		}
		if d.doc == domain.Entity {
			im.pair(saved, input, old)
		}
		return saved.ID, im.remember(ctx, old, saved)
	}
	im.bad(d.places, "%v", refused)
	return 0, nil
}

func (im *companyImport) bad(places []Place, format string, args ...any) {
	im.out.Bad = append(im.out.Bad, BadRow{places, fmt.Sprintf(format, args...)})
}

// note says of rows that went in what is to be looked at.
func (im *companyImport) note(places []Place, format string, args ...any) {
	im.out.Notes = append(im.out.Notes, BadRow{places, fmt.Sprintf(format, args...)})
}

// ours reports whether only imports wrote what came after a revision of a
// document; 0 for all that was written.
func (im *companyImport) ours(ctx context.Context, id domain.ID, after int) (bool, error) {
	names, err := im.desk.Authors(ctx, id, after)
	return !slices.ContainsFunc(names, func(name string) bool { return name != im.author }), err
}

// remember keeps what became of a document that the import found as old, nil where
// it was not there.
func (im *companyImport) remember(ctx context.Context, old *found, saved editorial.SaveResult) error {
	w := im.written[saved.ID]
	if w == nil {
		w = &written{}
		im.written[saved.ID] = w
		im.order = append(im.order, saved.ID)
	}
	// What the list names twice, under two names, was found the second time as
	// the import left it, unless an editor has saved it in between.
	if old != nil && (!w.changed || w.standing.Version != old.Version) {
		reason, err := im.reason(ctx, old)
		if err != nil {
			return err
		}
		if reason != "" {
			w.reason = reason
		}
	}
	if old != nil {
		w.standing = old.PublicationStatus
	}
	w.standing.ID, w.standing.Version = saved.ID, saved.Version
	w.created = w.created || saved.Created
	w.changed = w.changed || saved.Created || saved.Changed
	return nil
}

// reason is why a document that was there is not to be published; empty where
// nothing speaks against it. What an earlier import left as a draft, because it
// was stopped or was not to publish, is published.
func (im *companyImport) reason(ctx context.Context, old *found) (string, error) {
	switch {
	case !old.IsPending():
		return "", nil
	case old.LiveVersion == 0 && old.Published:
		return "it was taken out of live", nil
	}
	ours, err := im.ours(ctx, old.ID, old.LiveVersion)
	switch {
	case err != nil || ours:
		return "", err
	case old.LiveVersion == 0:
		return "it was a draft before this run", nil
	}
	return "it had changes before this run that are not published", nil
}

// describes is what the rows say of a company and the desk does not, and what the
// list has of it.
type describes struct {
	input fields
	names []string // the keys of its other names
	notes []BadRow
}

// describe says what to write of a company: for a new one all, for one that is
// there its other names and listings.
func (im *companyImport) describe(c *company, old *found) describes {
	out := describes{input: fields{}}
	name := c.name()
	switch {
	case old == nil:
		out.input["name"], out.input["kind"] = name, "COMPANY"
	default:
		stored := textOf(old.Fields, "name")
		if old.ours && nameKey(stored) == c.key && compareSpellings(name, stored) < 0 {
			out.input["name"] = name
		} else {
			name = stored
		}
	}
	names := otherNames{known: map[string]bool{nameKey(name): true, c.key: true}}
	listings := newListings(im)
	if old != nil {
		names.list, _ = old.Fields["names"].([]any)
		names.ours = old.ours
		stored, _ := old.Fields["listings"].([]any)
		listings.have(stored, old.ours)
	} else {
		names.ours, listings.ours = true, true
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

// otherNames puts the other names of the rows to those that the desk has.
type otherNames struct {
	known   map[string]bool // the keys of the name itself
	list    []any
	ours    bool // spellings and kinds can be changed
	keys    []string
	changed bool
}

func (o *otherNames) add(c *company) {
	for _, row := range c.rows {
		for _, text := range row.former {
			o.put("FORMER", cleanName(text))
		}
	}
	for _, row := range c.rows {
		for _, text := range row.aliases {
			o.put("ALIAS", cleanName(text))
		}
	}
	if o.changed && o.ours {
		slices.SortStableFunc(o.list, func(a, b any) int {
			return cmp.Or(-cmp.Compare(textOf(a, "kind"), textOf(b, "kind")), cmp.Compare(textOf(a, "text"), textOf(b, "text")))
		})
	}
}

// put adds a name, or makes one that is there a former name or better spelled.
func (o *otherNames) put(kind, text string) {
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
	if !o.ours {
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
