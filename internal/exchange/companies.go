package exchange

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
)

// Desk is the part of the desk that an import uses. [editorial.Desk] implements it; in
// its DryRun an import stores nothing.
type Desk interface {
	Find(ctx context.Context, t domain.Type, name string) (*editorial.StoredDocument, error)
	PublicationStatuses(ctx context.Context, ids []domain.ID) (map[domain.ID]editorial.PublicationStatus, error)
	Authors(ctx context.Context, id domain.ID, after int) ([]string, error)
	Save(ctx context.Context, params editorial.SaveParams) (editorial.SaveResult, error)
	Release(ctx context.Context, params editorial.ReleaseParams) (editorial.ReleaseResult, error)
}

// CompaniesParams describes a list of companies, and how to read its files.
type CompaniesParams struct {
	Authority string // who publishes the list: the authority of the listings and the publisher of the source
	Programme string // the name of the list: the programme of the listings and the title of the source
	Source    string // the slug of the source that everything cites
	Publish   bool   // publish what imports created and changed

	Map         []string // "column=Header": the headers in the files of the columns of [CompanyColumns]; empty for the headers there
	NoHeader    bool     // the files have no header, and Map gives the numbers of columns
	Separator   string   // of fields; empty to detect it
	DateFormats []string // "DD/MM/YYYY"; empty for YYYY-MM-DD
	Only        []string // "Header=value": rows with another value are left out; values of one column are alternatives
	Empty       []string // values that mean that there is none, such as "-0-"

	// Progress, if set, is called after each document with the number of documents
	// written and of all documents.
	Progress func(done, total int)
}

// RowMessage is a message about a row, or about several rows of one company.
type RowMessage struct {
	Places  []Place
	Message string
}

// CompaniesResult is the result of an import of companies. Rows are those of the
// files; all other numbers count what the desk has of the list after the import.
type CompaniesResult struct {
	Rows        int // BadRows, FilteredOut and those imported
	BadRows     int
	FilteredOut int // by CompaniesParams.Only

	Blank, Headers int // lines that are blank, or repeat the header; they do not count as rows

	Listed        int // companies in the list
	Parents       int // companies that are in the list as a parent only
	Names         int // other names of these
	Listings      int
	Repeats       int // rows of a company with the start of another row: they share its listing
	Relationships int

	Created, Changed, Unchanged int // documents, the source included

	Problems  []RowMessage
	Notes     []RowMessage // on rows that were imported and need a look
	SameNames []SameName   // in the order in which this run wrote the names

	Published   int           // documents
	Sequence    int64         // the last entry of the publication log that was written; 0 for none
	Unpublished []Unpublished // with Publish: documents of the list that were not published
}

// SameName is a pair of entities with a name in common, which may be the same. The
// import created one of them, or gave it the name.
type SameName struct {
	Document string // "entity:harbour-cranes", the one that was written
	Other    string
	Names    []string // the names that both have
}

// Imported returns the number of rows that were imported.
func (r CompaniesResult) Imported() int { return r.Rows - r.BadRows - r.FilteredOut }

// Unpublished is a document of the list that the import did not publish, and why.
type Unpublished struct {
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
// The result does not depend on the order of the rows, nor on how they are divided
// among files. If files are imported one by one, the parent of a company is looked
// up in the same file.
//
// It writes only what the list says. It creates new documents, and to existing ones
// it adds names, listings and the end of a listing, with the version that it read;
// if an editor saved a document in between, it is read again. Spellings and citations
// are merged only in documents that only imports have written.
//
// With Publish it publishes what imports created and changed, and nothing else. A
// document with an editor's draft, or one that was taken out of live, is not
// published and is in the result.
//
// An entity is never looked up by its other names, since several can share them. If
// another entity of the kind has a name that the import writes, as its name or among
// its other names, the pair is in the result.
//
// Rows that cannot be imported are in the result, by line; the others are imported.
// An error means that the import stopped: a file cannot be read, before anything was
// written, or the desk failed. Parameters that are not valid are an error
// of domain.KindInvalid. The viewer needs the right [domain.WriteDrafts] and, with
// Publish, what a release needs.
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
	im := &companyImport{desk: desk, params: params, author: viewer.Name, out: &out, outcomes: map[domain.ID]*outcome{}, counted: map[string]bool{},
		pairByIDs: map[[2]domain.ID]*pair{}}
	im.groupRows(rows)
	if len(im.companies) == 0 {
		return out, nil
	}
	if err := im.write(ctx); err != nil {
		return out, err
	}
	if err := im.addSameNames(ctx); err != nil {
		return out, fmt.Errorf("look at entities of the same name: %w", err)
	}
	if params.Publish {
		if err := im.publish(ctx); err != nil {
			return out, fmt.Errorf("publish the import: %w", err)
		}
	}
	return out, nil
}

// company is a company of the list, with its rows.
type company struct {
	key       string
	spellings []string // of its name, the best first
	id        domain.ID
	rows      []companyRow
	names     int // other names in the rows
	parents   []*company
	children  []*company // the companies whose parent it is
}

func (c *company) name() string { return c.spellings[0] }

func (c *company) slug() string { return companySlug(c.key) }

// places returns the lines of the company; of one that is in the list as a parent
// only, the lines that name it.
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

// parentPlaces returns the lines of the company that name a parent.
func (c *company) parentPlaces() []Place {
	var places []Place
	for _, r := range c.rows {
		if r.parent != "" {
			places = append(places, r.place)
		}
	}
	return places
}

// companyImport is the state of one import.
type companyImport struct {
	desk   Desk
	params CompaniesParams
	author string // the author of imports in revisions
	out    *CompaniesResult

	companies []*company // those of the list in the order of its rows, then the parents
	byKey     map[string]*company

	source   domain.ID
	outcomes map[domain.ID]*outcome
	order    []domain.ID     // of written
	counted  map[string]bool // names and listings, by document

	pairs     []*pair // of entities with a name in common
	pairByIDs map[[2]domain.ID]*pair
}

// groupRows groups the rows by company, and finds the parents of each.
func (im *companyImport) groupRows(rows []companyRow) {
	im.byKey = map[string]*company{}
	for _, row := range rows {
		c := im.company(row.name)
		c.rows = append(c.rows, row)
		c.names += len(row.aliases) + len(row.former)
	}
	im.companies = slices.DeleteFunc(im.companies, im.rejectOversized)
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
			im.addNote(own, "%q is named as its own parent: no relationship was made of it", c.rows[0].name)
		}
	}
	for _, c := range im.companies {
		slices.SortFunc(c.spellings, compareSpellings)
	}
}

// maxPerCompany is the greatest number of rows of a company, and of other names in
// them. The limit of the desk is lower; this one bounds the work before that.
const maxPerCompany = 1000

// rejectOversized reports whether a company has too many rows or names, and removes
// it if so.
func (im *companyImport) rejectOversized(c *company) bool {
	if len(c.rows) <= maxPerCompany && c.names <= maxPerCompany {
		return false
	}
	im.addProblem([]Place{c.rows[0].place}, "%q is in %s with %s, more than the %d that a company can have: none of them was imported",
		c.rows[0].name, domain.Count(len(c.rows), "row", "rows"), domain.Count(c.names, "other name", "other names"), maxPerCompany)
	im.out.BadRows += len(c.rows)
	delete(im.byKey, c.key)
	return true
}

// otherNames maps the keys of other names to the companies that have them. It is used
// for names that no company has as its own.
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

// parent returns the company that a row names as its parent, and creates it if it is
// new.
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
		im.addNote([]Place{row.place}, "the parent %q is another name of %d companies of the list, so it is taken for a company of its own", row.parent, len(named))
	}
	return im.company(row.parent)
}

// company returns the company of a name, and creates it if it is new.
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
