package exchange

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
)

// Desk is what an import needs of the desk. A [editorial.DryRun] is one on which
// nothing stays.
type Desk interface {
	Find(ctx context.Context, t domain.Type, name string) (*editorial.StoredDocument, error)
	PublicationStatuses(ctx context.Context, ids []domain.ID) (map[domain.ID]editorial.PublicationStatus, error)
	Authors(ctx context.Context, id domain.ID, after int) ([]string, error)
	Save(ctx context.Context, params editorial.SaveParams) (editorial.SaveResult, error)
	Release(ctx context.Context, params editorial.ReleaseParams) (editorial.ReleaseResult, error)
}

// CompaniesParams says what a list of companies is, and how its files are read.
type CompaniesParams struct {
	Authority string // who lists: the listings' authority and the source's publisher
	Programme string // under what: the listings' programme and the source's title
	Source    string // the slug of the source that everything cites
	Publish   bool   // publish what imports created and changed

	Map         []string // "column=Header": what the files call the columns of [CompanyColumns]; empty for the headers there
	NoHeader    bool     // the files have no header, and Map gives the numbers of columns
	Separator   string   // of fields; empty to look for it
	DateFormats []string // "DD/MM/YYYY"; empty for YYYY-MM-DD
	Only        []string // "Header=value": rows with another value are left out; values of one column are alternatives
	Empty       []string // what stands for nothing, such as "-0-"

	// Progress, if set, is told how many of how many documents are written.
	Progress func(done, total int)
}

// BadRow is a row, or several of one company, that did not go in or not whole.
type BadRow struct {
	Places  []Place
	Message string
}

// CompaniesResult counts what an import of companies came to. Rows are those of
// the files; all else is what the desk holds of the list when the import is done.
type CompaniesResult struct {
	Rows    int // those below, and those that went in
	BadRows int
	LeftOut int // by Only

	Blank, Headers int // lines that are blank, or repeat the header; they are no rows

	Listed        int // companies in the list
	Parents       int // companies that are only named as a parent
	Names         int // other names of these
	Listings      int
	Repeats       int // rows of a company with the start of another row: they share its listing
	Relationships int

	Created, Changed, Unchanged int // documents, the source included

	Bad   []BadRow
	Notes []BadRow // what went in, and is to be looked at
	Alike []Alike  // by the document that this run gave the name

	Published int    // documents
	Sequence  int64  // the last entry of the publication log that was written; 0 for none
	Left      []Left // what was not published though the list names it, with Publish
}

// Alike is two entities with a name in common, of which an import created one or
// gave it the name. They may be one.
type Alike struct {
	Document string // "entity:harbour-cranes", the one that was written
	Other    string
	Names    []string // that both have
}

// Taken is how many rows went in.
func (r CompaniesResult) Taken() int { return r.Rows - r.BadRows - r.LeftOut }

// Left is a document of the list that the import did not publish, and why.
type Left struct {
	Document string // "entity:harbour-cranes"
	Reason   string
}

// ImportCompanies reads a list of companies in CSV, one row for each time a
// company was listed: one Entity per company with its aliases and former names,
// one Listing per company and start, one Relationship (SUBSIDIARY_OF) per company
// and parent, and one Source that they cite. Companies whose names differ in
// case, spaces or punctuation only are one. A parent that is not in the list
// becomes an Entity of its own.
//
// What comes of it does not depend on the order of the rows, nor on how they are
// divided among files; of files that are imported one by one, a parent is looked
// for in its own file.
//
// It writes only what the list says: a new document whole, and to one that is
// there it adds names, listings and the end of a listing, with the version that
// it has read. What an editor saves meanwhile is read anew. Spellings and
// citations are put together in documents that only imports have written.
//
// With Publish it publishes what imports created and changed, and nothing else: a
// document with an editor's draft, or one that somebody took out of live, is
// left as it is, and is in the result.
//
// An entity is never found by its other names, which can be those of several. Where
// a name that the import writes is one that another entity of the kind has, as its
// name or among its other names, the two are in the result.
//
// Rows that cannot go in are in the result, by line, and the rest goes in. An
// error means that the import as a whole stopped: a file cannot be read, before
// anything is written, or the desk is not there.
func ImportCompanies(ctx context.Context, desk Desk, files []File, params CompaniesParams) (CompaniesResult, error) {
	var out CompaniesResult
	form, err := params.form()
	if err != nil {
		return out, err
	}
	viewer, err := domain.Require(ctx, domain.WriteDrafts)
	if err != nil {
		return out, err
	}
	var rows []companyRow
	for _, file := range files {
		read, err := readRows(file, form, &out)
		if err != nil && file.Name != "" {
			return CompaniesResult{}, fmt.Errorf("%s: %w", file.Name, err)
		}
		if err != nil {
			return CompaniesResult{}, err
		}
		rows = append(rows, read...)
	}
	im := &companyImport{desk: desk, params: params, author: viewer.Name, out: &out, written: map[domain.ID]*written{}, counted: map[string]bool{},
		paired: map[[2]domain.ID]*pair{}}
	im.arrange(rows)
	if len(im.companies) == 0 {
		return out, nil
	}
	if err := im.write(ctx); err != nil {
		return out, err
	}
	if err := im.tellAlike(ctx); err != nil {
		return out, fmt.Errorf("look at entities of the same name: %w", err)
	}
	if params.Publish {
		if err := im.publish(ctx); err != nil {
			return out, fmt.Errorf("publish the import: %w", err)
		}
	}
	return out, nil
}

// company is what the rows say of one company.
type company struct {
	key       string
	spellings []string // of its name; the best is first
	id        domain.ID
	rows      []companyRow
	names     int // other names in the rows
	parents   []*company
	children  []*company // of which it is a parent
}

func (c *company) name() string { return c.spellings[0] }

func (c *company) slug() string { return companySlug(c.key) }

// places are the lines of the company; of one that is only named as a parent,
// those that name it.
func (c *company) places() []Place {
	var places []Place
	for _, r := range c.rows {
		places = append(places, r.place)
	}
	if len(c.rows) == 0 {
		for _, child := range c.children {
			places = append(places, child.places()...)
		}
	}
	return places
}

// parentPlaces are the lines of the company that name a parent.
func (c *company) parentPlaces() []Place {
	var places []Place
	for _, r := range c.rows {
		if r.parent != "" {
			places = append(places, r.place)
		}
	}
	return places
}

type companyImport struct {
	desk   Desk
	params CompaniesParams
	author string // who imports are, in revisions
	out    *CompaniesResult

	companies []*company // those of the list in the order of its rows, then the parents
	byKey     map[string]*company

	source  domain.ID
	written map[domain.ID]*written
	order   []domain.ID     // of written
	counted map[string]bool // names and listings, by document

	pairs  []*pair // of entities with a name in common
	paired map[[2]domain.ID]*pair
}

// arrange gathers the rows by company and finds each one's parents.
func (im *companyImport) arrange(rows []companyRow) {
	im.byKey = map[string]*company{}
	for _, row := range rows {
		c := im.company(row.name)
		c.rows = append(c.rows, row)
		c.names += len(row.aliases) + len(row.former)
	}
	im.companies = slices.DeleteFunc(im.companies, im.tooMuch)
	listed := slices.Clone(im.companies)
	others := im.otherNames(listed)
	for _, c := range listed {
		var own []Place // of rows that name the company as its own parent
		for _, row := range c.rows {
			if row.parent == "" {
				continue
			}
			parent := im.parent(row, others)
			if parent == c {
				own = append(own, row.place)
			} else if !slices.Contains(c.parents, parent) {
				c.parents = append(c.parents, parent)
				parent.children = append(parent.children, c)
			}
		}
		if len(own) > 0 {
			im.note(own, "%q is named as its own parent: no relationship was made of it", c.rows[0].name)
		}
	}
	for _, c := range im.companies {
		slices.SortFunc(c.spellings, compareSpellings)
	}
}

// mostOfOne is how many rows, and how many other names in them, a company can
// have. The desk keeps fewer; it bounds the work before the desk is asked.
const mostOfOne = 1000

// tooMuch refuses a company that cannot be one.
func (im *companyImport) tooMuch(c *company) bool {
	if len(c.rows) <= mostOfOne && c.names <= mostOfOne {
		return false
	}
	im.bad([]Place{c.rows[0].place}, "%q is in %s with %s, more than the %d that a company can have: none of them went in",
		c.rows[0].name, domain.Count(len(c.rows), "row", "rows"), domain.Count(c.names, "other name", "other names"), mostOfOne)
	im.out.BadRows += len(c.rows)
	delete(im.byKey, c.key)
	return true
}

// otherNames finds the companies by their other names, which count only where no
// company has the name itself.
func (im *companyImport) otherNames(listed []*company) map[string][]*company {
	others := map[string][]*company{}
	for _, c := range listed {
		for _, row := range c.rows {
			for _, name := range slices.Concat(row.aliases, row.former) {
				key := nameKey(name)
				if named := others[key]; len(named) == 0 || named[len(named)-1] != c {
					others[key] = append(named, c)
				}
			}
		}
	}
	return others
}

// parent is the company that a row names as its parent, made where it is new.
func (im *companyImport) parent(row companyRow, others map[string][]*company) *company {
	key := nameKey(row.parent)
	if c := im.byKey[key]; c != nil && len(c.rows) > 0 {
		return im.company(row.parent)
	}
	if short, _, ok := strings.Cut(row.parent, " ("); ok {
		if c := im.byKey[nameKey(short)]; c != nil && len(c.rows) > 0 {
			return c
		}
	}
	switch named := others[key]; {
	case len(named) == 1:
		return named[0]
	case len(named) > 1:
		im.note([]Place{row.place}, "the parent %q is another name of %d companies of the list, so it is taken for a company of its own", row.parent, len(named))
	}
	return im.company(row.parent)
}

// company returns the company of a name, made where it is new.
func (im *companyImport) company(name string) *company {
	key := nameKey(name)
	c := im.byKey[key]
	if c == nil {
		c = &company{key: key}
		im.byKey[key] = c
		im.companies = append(im.companies, c)
	}
	if !slices.Contains(c.spellings, name) {
		c.spellings = append(c.spellings, name)
	}
	return c
}
