package exchange

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/redthread-api/redthread/internal/content"
	"github.com/redthread-api/redthread/internal/domain"
)

// written is what became of a document of the list.
type written struct {
	standing content.Standing // as the import found it, or left it
	changed  bool             // the import created it or changed it
	reason   string           // why it is not to be published; empty if nothing speaks against it
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
		id, err := im.save(ctx, domain.Entity, c.slug, c.lines(), func(old fields) fields { return im.describe(c, old) })
		if err != nil {
			return err
		}
		if c.id = id; id != 0 {
			im.out.Listings += len(c.rows)
		}
		step()
	}
	for _, c := range im.companies {
		for _, parent := range c.parents {
			step()
			// Both may be one document by now: an editor has merged them.
			if c.id == 0 || parent.id == 0 || c.id == parent.id {
				continue
			}
			if err := im.writeRelationship(ctx, c, parent); err != nil {
				return err
			}
		}
	}
	return nil
}

// fields are an input of the desk, or what the desk has, by API name.
type fields = map[string]any

func (im *companyImport) writeSource(ctx context.Context) error {
	_, err := im.save(ctx, domain.Source, im.params.Source, nil, func(old fields) fields {
		if old != nil {
			return nil
		}
		return fields{"title": im.params.Programme, "publisher": im.params.Authority}
	})
	return err
}

func (im *companyImport) writeRelationship(ctx context.Context, c, parent *company) error {
	slug := clipSlug(c.slug) + "-subsidiary-of-" + clipSlug(parent.slug)
	var lines []int
	for _, row := range c.rows {
		if row.parent != "" {
			lines = append(lines, row.line)
		}
	}
	id, err := im.save(ctx, domain.Relationship, slug, lines, func(old fields) fields {
		if old != nil {
			return nil
		}
		return fields{"from": c.id.String(), "to": parent.id.String(), "kind": "SUBSIDIARY_OF", "confidence": "CONFIRMED",
			"citations": []any{fields{"source": im.params.Source}}}
	})
	if id != 0 {
		im.out.Relationships++
	}
	return err
}

// clipSlug keeps a slug of two names within its limit.
func clipSlug(slug string) string {
	const most = (domain.MaxSlug - len("-subsidiary-of-")) / 2
	if len(slug) <= most {
		return slug
	}
	sum := sha256.Sum256([]byte(slug))
	return strings.Trim(slug[:most-9], "-") + "-" + hex.EncodeToString(sum[:4])
}

// maxReads bounds how often a document is read anew because it was saved in
// between.
const maxReads = 5

// save reads a document, asks additions what to write of it, and writes that
// with the version that it has read; where it was saved in between, it begins
// anew. additions gets nil for a document that is not there, and returns nothing
// where there is nothing to write. The id is 0 for a document that the desk
// refused: that is noted by line.
func (im *companyImport) save(ctx context.Context, t domain.Type, slug string, lines []int, additions func(old fields) fields) (domain.ID, error) {
	var refused error
	for range maxReads {
		stored, err := im.desk.Find(ctx, t, slug)
		if err != nil {
			return 0, fmt.Errorf("read %s:%s: %w", t, slug, err)
		}
		var old fields
		version := 0
		if stored != nil {
			old, version = stored.Fields, stored.Version
		}
		input := additions(old)
		if len(input) == 0 {
			im.out.Unchanged++
			im.note(stored, content.Saved{ID: stored.ID, Version: stored.Version})
			return stored.ID, nil
		}
		input["slug"], input["version"], input["message"] = slug, version, "imported from a list of companies"
		saved, err := im.desk.Save(ctx, content.SaveParams{Type: t, Mode: content.Upsert, Fields: input})
		switch {
		case errors.Is(err, domain.ErrConflict):
			refused = err
			continue
		case errors.Is(err, domain.ErrInvalid):
			im.out.Bad = append(im.out.Bad, BadRow{lines, err.Error()})
			return 0, nil
		case err != nil:
			return 0, err
		case saved.Created:
			im.out.Created++
		case saved.Changed:
			im.out.Changed++
		default:
			im.out.Unchanged++
		}
		im.note(stored, saved)
		return saved.ID, nil
	}
	im.out.Bad = append(im.out.Bad, BadRow{lines, refused.Error()})
	return 0, nil
}

// note remembers what became of a document that the import found as stored, nil
// where it was not there.
func (im *companyImport) note(stored *content.Stored, saved content.Saved) {
	if saved.ID.Type().Supporting() {
		return // it goes live with what cites it
	}
	w := im.written[saved.ID]
	if w == nil {
		w = &written{}
		im.written[saved.ID] = w
		im.order = append(im.order, saved.ID)
	}
	// What the list names twice, under two names, was found the second time as
	// the import left it, unless an editor has saved it in between.
	if stored != nil && (!w.changed || w.standing.Version != stored.Version) {
		switch {
		case stored.LiveVersion == 0 && stored.Published:
			w.reason = "it was taken out of live"
		case stored.LiveVersion == 0:
			w.reason = "it was a draft before this run"
		case stored.Pending():
			w.reason = "it had changes before this run that are not published"
		}
	}
	if stored != nil {
		w.standing = stored.Standing
	}
	w.standing.ID, w.standing.Version = saved.ID, saved.Version
	w.changed = w.changed || saved.Created || saved.Changed
}

// describe is what the rows say of a company and the desk does not: for a new
// one all, for one that is there its other names and listings.
func (im *companyImport) describe(c *company, old fields) fields {
	input := fields{}
	name := c.name
	if old == nil {
		input["name"], input["kind"] = name, "COMPANY"
	} else {
		name, _ = old["name"].(string)
	}
	if names, added := c.addNames(name, old); added {
		input["names"] = names
	}
	if listings, changed := im.addListings(c, old); changed {
		input["listings"] = listings
	}
	return input
}

// addNames adds the other names of the rows to those that the desk has.
func (c *company) addNames(name string, old fields) (names []any, added bool) {
	names, _ = old["names"].([]any)
	known := map[string]bool{nameKey(name): true, nameKey(c.name): true}
	for _, n := range names {
		text, _ := n.(fields)["text"].(string)
		known[nameKey(text)] = true
	}
	add := func(kind string, texts []string) {
		for _, text := range texts {
			if key := nameKey(text); !known[key] {
				known[key], added = true, true
				names = append(names, fields{"text": text, "kind": kind})
			}
		}
	}
	for _, row := range c.rows {
		add("FORMER", row.former)
	}
	for _, row := range c.rows {
		add("ALIAS", row.aliases)
	}
	return names, added
}

// addListings adds the listings of the rows to those that the desk has, and
// brings up to date the end of those that are there.
func (im *companyImport) addListings(c *company, old fields) (listings []any, changed bool) {
	stored, _ := old["listings"].([]any)
	for _, l := range stored {
		listings = append(listings, maps.Clone(l.(fields)))
	}
	for _, row := range c.rows {
		var listing fields
		for _, l := range listings {
			l := l.(fields)
			since, _ := l["since"].(string)
			if l["authority"] == im.params.Authority && l["programme"] == im.params.Programme && since == row.start {
				listing = l
			}
		}
		if listing == nil {
			listing = im.newListing(row)
			listings, changed = append(listings, listing), true
		}
		if row.end != "" && listing["until"] != row.end {
			listing["until"], changed = row.end, true
		}
	}
	return listings, changed
}

func (im *companyImport) newListing(row companyRow) fields {
	citation := fields{"source": im.params.Source}
	if row.url != "" {
		citation["locator"] = row.url
	}
	if row.note != "" {
		citation["quote"] = row.note
	}
	listing := fields{"authority": im.params.Authority, "programme": im.params.Programme, "citations": []any{citation}}
	if row.start != "" {
		listing["since"] = row.start
	}
	return listing
}
