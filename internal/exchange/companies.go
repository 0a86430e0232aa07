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

	"github.com/redthread-api/redthread/internal/content"
	"github.com/redthread-api/redthread/internal/domain"
)

// Desk is what an import needs of the desk.
type Desk interface {
	Fields(ctx context.Context, t domain.Type, name string) (map[string]any, error)
	Save(ctx context.Context, params content.SaveParams) (content.Saved, error)
	Release(ctx context.Context, params content.ReleaseParams) (content.Released, error)
}

// CompaniesParams says what a list of companies is.
type CompaniesParams struct {
	Authority string // who lists: the listings' authority and the source's publisher
	Programme string // under what: the listings' programme and the source's title
	Source    string // the slug of the source that everything cites
	Publish   bool   // publish all of it, as one release
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

	Bad      []BadRow
	Released *content.Released
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
// Rows that cannot go in are in the result, by line, and the rest goes in. An
// error means that the import as a whole stopped: the file cannot be read, or
// the desk is not there.
func ImportCompanies(ctx context.Context, desk Desk, file io.Reader, params CompaniesParams) (CompaniesResult, error) {
	var out CompaniesResult
	rows, err := readCompanies(file, &out)
	if err != nil {
		return out, err
	}
	im := &companyImport{desk: desk, params: params, out: &out, documents: map[string]bool{}}
	im.arrange(rows)
	if err := im.write(ctx); err != nil {
		return out, err
	}
	if params.Publish && len(im.publish) > 0 {
		message := params.Programme + ", imported"
		released, err := desk.Release(ctx, content.ReleaseParams{
			Publish: im.publish, References: content.Include, Message: &message,
		})
		if err != nil {
			return out, fmt.Errorf("publish the import: %w", err)
		}
		out.Released = &released
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
	}, name)
}

// company is what the rows say of one company.
type company struct {
	name    string
	slug    string
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
	documents map[string]bool
	publish   []string
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
	failed := map[*company]bool{}
	for _, c := range im.companies {
		ok, err := im.save(ctx, domain.Entity, c.slug, c.lines(), func(fields map[string]any) { im.describe(c, fields) })
		if err != nil {
			return err
		}
		failed[c] = !ok
		if ok {
			im.out.Listings += len(c.rows)
		}
		step()
	}
	for _, c := range im.companies {
		for _, parent := range c.parents {
			step()
			if failed[c] || failed[parent] {
				continue
			}
			if err := im.writeRelationship(ctx, c, parent); err != nil {
				return err
			}
		}
	}
	return nil
}

func (im *companyImport) writeSource(ctx context.Context) error {
	_, err := im.save(ctx, domain.Source, im.params.Source, nil, func(fields map[string]any) {
		setDefault(fields, "title", im.params.Programme)
		setDefault(fields, "publisher", im.params.Authority)
	})
	return err
}

// setDefault gives a field that an editor has not.
func setDefault(fields map[string]any, name string, value any) {
	if fields[name] == nil {
		fields[name] = value
	}
}

func (im *companyImport) writeRelationship(ctx context.Context, c, parent *company) error {
	slug := clipSlug(c.slug) + "-subsidiary-of-" + clipSlug(parent.slug)
	var lines []int
	for _, row := range c.rows {
		if row.parent != "" {
			lines = append(lines, row.line)
		}
	}
	ok, err := im.save(ctx, domain.Relationship, slug, lines, func(fields map[string]any) {
		setDefault(fields, "from", c.slug)
		setDefault(fields, "to", parent.slug)
		setDefault(fields, "kind", "SUBSIDIARY_OF")
		setDefault(fields, "confidence", "CONFIRMED")
		if cited, _ := fields["citations"].([]any); len(cited) == 0 {
			fields["citations"] = []any{map[string]any{"source": im.params.Source}}
		}
	})
	if ok {
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

// save reads a document, lets fill add to it, and writes it back. It reports
// false for one that the desk refused: that is noted by line.
func (im *companyImport) save(ctx context.Context, t domain.Type, slug string, lines []int, fill func(map[string]any)) (bool, error) {
	fields, err := im.desk.Fields(ctx, t, slug)
	if err != nil {
		return false, fmt.Errorf("read %s %s: %w", t, slug, err)
	}
	if fields == nil {
		fields = map[string]any{}
	}
	delete(fields, "slug") // it may have been changed; the old one still leads there
	fill(fields)
	fields["slug"] = slug
	fields["message"] = "imported from a list of companies"
	saved, err := im.desk.Save(ctx, content.SaveParams{Type: t, Mode: content.Upsert, Fields: fields})
	switch {
	case errors.Is(err, domain.ErrInvalid), errors.Is(err, domain.ErrConflict):
		im.out.Bad = append(im.out.Bad, BadRow{lines, err.Error()})
		return false, nil
	case err != nil:
		return false, err
	case saved.Created:
		im.out.Created++
	case saved.Changed:
		im.out.Changed++
	default:
		im.out.Unchanged++
	}
	if !t.Supporting() {
		im.publish = append(im.publish, saved.ID.String())
	}
	return true, nil
}

// describe adds to an entity what the rows say of it.
func (im *companyImport) describe(c *company, fields map[string]any) {
	setDefault(fields, "name", c.name)
	setDefault(fields, "kind", "COMPANY")
	names, _ := fields["names"].([]any)
	known := map[string]bool{nameKey(fields["name"].(string)): true, nameKey(c.name): true}
	for _, n := range names {
		text, _ := n.(map[string]any)["text"].(string)
		known[nameKey(text)] = true
	}
	add := func(kind string, texts []string) {
		for _, text := range texts {
			if key := nameKey(text); !known[key] {
				known[key] = true
				names = append(names, map[string]any{"text": text, "kind": kind})
			}
		}
	}
	for _, row := range c.rows {
		add("FORMER", row.former)
	}
	for _, row := range c.rows {
		add("ALIAS", row.aliases)
	}
	fields["names"] = names

	listings, _ := fields["listings"].([]any)
	for _, row := range c.rows {
		listings = im.list(listings, row)
	}
	fields["listings"] = listings
}

// list adds a row's listing, or brings up to date the one that it is.
func (im *companyImport) list(listings []any, row companyRow) []any {
	var listing map[string]any
	for _, l := range listings {
		l := l.(map[string]any)
		since, _ := l["since"].(string)
		if l["authority"] == im.params.Authority && l["programme"] == im.params.Programme && since == row.start {
			listing = l
		}
	}
	if listing == nil {
		listing = map[string]any{"authority": im.params.Authority, "programme": im.params.Programme}
		if row.start != "" {
			listing["since"] = row.start
		}
		listings = append(listings, listing)
	}
	if row.end != "" {
		listing["until"] = row.end
	}
	if cited, _ := listing["citations"].([]any); len(cited) == 0 {
		citation := map[string]any{"source": im.params.Source}
		if row.url != "" {
			citation["locator"] = row.url
		}
		if row.note != "" {
			citation["quote"] = row.note
		}
		listing["citations"] = []any{citation}
	}
	return listings
}
