package exchange

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/redthread-api/redthread/internal/canonical"
	"github.com/redthread-api/redthread/internal/content"
	"github.com/redthread-api/redthread/internal/domain"
)

// Desk is what an import needs of the desk.
type Desk interface {
	Find(ctx context.Context, t domain.Type, name string) (*content.Stored, error)
	Standings(ctx context.Context, ids []domain.ID) (map[domain.ID]content.Standing, error)
	Save(ctx context.Context, params content.SaveParams) (content.Saved, error)
	Release(ctx context.Context, params content.ReleaseParams) (content.Released, error)
}

// CompaniesParams says what a list of companies is.
type CompaniesParams struct {
	Authority string // who lists: the listings' authority and the source's publisher
	Programme string // under what: the listings' programme and the source's title
	Source    string // the slug of the source that everything cites
	Publish   bool   // publish what the import creates and changes
	// Progress, if set, is told how many of how many documents are written.
	Progress func(done, total int)
}

// BadRow is a row, or several of one company, that did not go in.
type BadRow struct {
	Lines   []int
	Message string
}

// CompaniesResult counts what an import of companies came to.
type CompaniesResult struct {
	Rows          int // read, bad ones included
	Listed        int // companies in the list
	Parents       int // companies that are only named as a parent
	Listings      int
	Relationships int

	Created, Changed, Unchanged int // documents, the source included

	Bad []BadRow

	Published int    // documents
	Sequence  int64  // the last entry of the publication log that was written; 0 for none
	Left      []Left // what was not published though the list names it, with Publish
}

// Left is a document of the list that the import did not publish, and why.
type Left struct {
	Document string // "entity:harbour-cranes"
	Reason   string
}

// The columns of the file. The first is required.
const (
	columnName     = "Clean Name"
	columnAlias    = "Alias"
	columnPrevious = "Previous Name"
	columnParent   = "Parent Name"
	columnNote     = "Note"
	columnStart    = "Start date"
	columnEnd      = "End date"
	columnURL      = "Source Url"
)

// ImportCompanies reads a list of companies in CSV, one row for each time a
// company was listed: one Entity per company with its aliases and former
// names, one Listing per row, one Relationship (SUBSIDIARY_OF) per company and
// parent, and one Source that they cite. Companies whose names differ in case,
// spaces or punctuation only are one. A parent that is not in the list becomes
// an Entity of its own.
//
// It writes only what the list says: a new document whole, and to one that is
// there it adds names, listings and the end of a listing, with the version that
// it has read. What an editor saves meanwhile is read anew.
//
// With Publish it publishes what it created and changed, and nothing else: a
// document with a draft from before, or one that somebody took out of live, is
// left as it is, and is in the result.
//
// Rows that cannot go in are in the result, by line, and the rest goes in. An
// error means that the import as a whole stopped: the file cannot be read, or
// the desk is not there.
func ImportCompanies(ctx context.Context, desk Desk, file io.Reader, params CompaniesParams) (CompaniesResult, error) {
	var out CompaniesResult
	if !domain.ValidSlug(params.Source) {
		return out, domain.Invalid("%q cannot be the slug of a source: want lower-case letters a to z, digits and hyphens", params.Source)
	}
	rows, err := readCompanies(file, &out)
	if err != nil {
		return out, err
	}
	im := &companyImport{desk: desk, params: params, out: &out, written: map[domain.ID]*written{}}
	im.arrange(rows)
	if err := im.write(ctx); err != nil {
		return out, err
	}
	if params.Publish {
		if err := im.publish(ctx); err != nil {
			return out, fmt.Errorf("publish the import: %w", err)
		}
	}
	return out, nil
}

// companyRow is one row of the file.
type companyRow struct {
	line             int
	name, parent     string
	aliases, former  []string
	note, start, end string
	url              string
}

func readCompanies(file io.Reader, out *CompaniesResult) ([]companyRow, error) {
	raw, err := io.ReadAll(file)
	if err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff"))))
	r.FieldsPerRecord = -1
	header, err := r.Read()
	if err != nil {
		return nil, domain.Invalid("the file has no header line of CSV: %v", err)
	}
	at := map[string]int{}
	for i, name := range header {
		at[strings.TrimSpace(name)] = i
	}
	for _, name := range []string{columnName, columnAlias, columnPrevious, columnParent, columnNote, columnStart, columnEnd, columnURL} {
		if _, ok := at[name]; !ok {
			return nil, domain.Invalid("the file has no column %q; its header is %q", name, header)
		}
	}
	var rows []companyRow
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		out.Rows++
		if err != nil {
			line := 0
			if parse, ok := errors.AsType[*csv.ParseError](err); ok {
				line, err = parse.StartLine, parse.Err
			}
			out.Bad = append(out.Bad, BadRow{[]int{line}, err.Error()})
			continue
		}
		line, _ := r.FieldPos(0)
		if len(record) != len(header) {
			out.Bad = append(out.Bad, BadRow{[]int{line}, fmt.Sprintf("has %d fields; the header has %d", len(record), len(header))})
			continue
		}
		get := func(name string) string { return strings.Join(strings.Fields(record[at[name]]), " ") }
		row := companyRow{
			line: line, name: get(columnName), parent: get(columnParent),
			aliases: splitNames(get(columnAlias)), former: splitNames(get(columnPrevious)),
			note: strings.TrimSpace(record[at[columnNote]]), start: get(columnStart), end: get(columnEnd), url: get(columnURL),
		}
		if problem := row.problem(); problem != "" {
			out.Bad = append(out.Bad, BadRow{[]int{line}, problem})
			continue
		}
		rows = append(rows, row)
	}
}

func (r companyRow) problem() string {
	if nameKey(r.name) == "" {
		return fmt.Sprintf("%s: is required", columnName)
	}
	var dates [2]domain.Date
	for i, text := range []string{r.start, r.end} {
		if text == "" {
			continue
		}
		date, err := domain.ParseDate(text)
		if err != nil {
			return fmt.Sprintf("%s: %v", []string{columnStart, columnEnd}[i], err)
		}
		dates[i] = date
	}
	if dates[0].After(dates[1]) {
		return fmt.Sprintf("%s: %s is before the start, %s", columnEnd, dates[1], dates[0])
	}
	return ""
}

// legalForms are the words that follow a comma within one name.
var legalForms = []string{"ltd", "limited", "inc", "llc", "co", "corp", "corporation", "company", "plc", "gmbh", "sa", "ag", "bv", "pte", "pty", "srl", "lp", "llp"}

// splitNames splits a list of names at semicolons, and at commas that do not
// stand before a legal form: "Hesai Technology Co., Ltd." is one name.
func splitNames(list string) []string {
	var names []string
	for part := range strings.SplitSeq(list, ";") {
		var name string
		for piece := range strings.SplitSeq(part, ",") {
			first, _, _ := strings.Cut(strings.TrimSpace(piece), " ")
			if name != "" && slices.Contains(legalForms, nameKey(first)) {
				name += "," + piece
				continue
			}
			names = append(names, name)
			name = piece
		}
		names = append(names, name)
	}
	var clean []string
	for _, name := range names {
		if name = strings.TrimSpace(name); name != "" {
			clean = append(clean, name)
		}
	}
	return clean
}

// nameKey is a name without case, spaces and punctuation.
func nameKey(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, canonical.Of(name))
}

// company is what the rows say of one company.
type company struct {
	name    string
	slug    string
	id      domain.ID // once it is written
	rows    []companyRow
	parents []*company
}

func (c *company) lines() []int {
	var lines []int
	for _, r := range c.rows {
		lines = append(lines, r.line)
	}
	return lines
}

type companyImport struct {
	desk   Desk
	params CompaniesParams
	out    *CompaniesResult

	companies []*company // in the order of the file
	byKey     map[string]*company
	slugs     map[string]bool

	written map[domain.ID]*written
	order   []domain.ID // of written
}

// arrange gathers the rows by company and finds each one's parents.
func (im *companyImport) arrange(rows []companyRow) {
	im.byKey, im.slugs = map[string]*company{}, map[string]bool{}
	for _, row := range rows {
		c := im.company(row.name)
		c.rows = append(c.rows, row)
	}
	im.out.Listed = len(im.companies)
	// Other names count only where no company has the name itself.
	byOther := map[string]*company{}
	for _, c := range im.companies {
		for _, row := range c.rows {
			for _, name := range slices.Concat(row.aliases, row.former) {
				if key := nameKey(name); byOther[key] == nil {
					byOther[key] = c
				}
			}
		}
	}
	for _, c := range slices.Clone(im.companies) {
		for _, row := range c.rows {
			if row.parent == "" {
				continue
			}
			parent := im.byKey[nameKey(row.parent)]
			if short, _, ok := strings.Cut(row.parent, " ("); parent == nil && ok {
				parent = im.byKey[nameKey(short)]
			}
			if parent == nil {
				parent = byOther[nameKey(row.parent)]
			}
			if parent == nil {
				parent = im.company(row.parent)
			}
			if parent != c && !slices.Contains(c.parents, parent) {
				c.parents = append(c.parents, parent)
			}
		}
	}
	im.out.Parents = len(im.companies) - im.out.Listed
}

// company returns the company of a name, made where it is new.
func (im *companyImport) company(name string) *company {
	key := nameKey(name)
	if c := im.byKey[key]; c != nil {
		return c
	}
	slug := content.Slugify(name)
	if slug == "" || im.slugs[slug] {
		// Names in another script, or alike in their first 80 letters.
		sum := sha256.Sum256([]byte(key))
		slug = strings.Trim(slug+"-"+hex.EncodeToString(sum[:4]), "-")
	}
	c := &company{name: name, slug: slug}
	im.byKey[key], im.slugs[slug] = c, true
	im.companies = append(im.companies, c)
	return c
}
