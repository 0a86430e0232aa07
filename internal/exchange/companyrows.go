package exchange

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/redthread-api/redthread/internal/canonical"
	"github.com/redthread-api/redthread/internal/domain"
)

// File is a file of a list. Messages have its name, which can be empty if there is one
// file.
type File struct {
	Name string
	io.Reader
}

// Place is a line of a file. Lines are numbered from 1.
type Place struct {
	File string
	Line int
}

func (p Place) String() string {
	if p.File == "" {
		return strconv.Itoa(p.Line)
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// The columns that a list can have.
const (
	columnName     = "name"
	columnAlias    = "alias"
	columnPrevious = "previous"
	columnParent   = "parent"
	columnNote     = "note"
	columnStart    = "start"
	columnEnd      = "end"
	columnURL      = "url"
)

// CompanyColumns lists the columns that a list of companies can have, and their
// default headers.
var CompanyColumns = []struct{ Column, Header string }{
	{columnName, "Clean Name"}, {columnAlias, "Alias"}, {columnPrevious, "Previous Name"}, {columnParent, "Parent Name"},
	{columnNote, "Note"}, {columnStart, "Start date"}, {columnEnd, "End date"}, {columnURL, "Source Url"},
}

// separators are the separators that are detected.
var separators = []byte{',', ';', '\t', '|'}

// listForm is the parsed form of a list: how its rows are read. See
// [CompaniesParams].
type listForm struct {
	columns   map[string][]string // headers in the file, by column
	filters   []filter
	empty     []string
	formats   []dateFormat
	separator byte // 0 to detect it
	noHeader  bool
	mapped    bool // the headers are those of --map, not of [CompanyColumns]
}

// filter is a condition on a row: a column must have one of the values.
type filter struct {
	column string
	values []string
}

// form parses the parameters that describe the form of the list.
func (params CompaniesParams) form() (listForm, error) {
	var p domain.Problems
	if !domain.ValidSlug(params.Source) {
		p.Add("source", "%q cannot be the slug of a source: want lower-case letters a to z, digits and hyphens", params.Source)
	}
	form := listForm{columns: params.columns(&p), noHeader: params.NoHeader, mapped: len(params.Map) > 0, empty: params.Empty}
	for _, text := range params.Only {
		column, value, ok := strings.Cut(text, "=")
		if column = cleanName(column); !ok || column == "" {
			p.Add("only", "%q is not understood: want COLUMN=VALUE", text)
			continue
		}
		if at := slices.IndexFunc(form.filters, func(f filter) bool { return f.column == column }); at >= 0 {
			form.filters[at].values = append(form.filters[at].values, cleanName(value))
		} else {
			form.filters = append(form.filters, filter{column, []string{cleanName(value)}})
		}
	}
	for _, pattern := range params.DateFormats {
		format, err := parseDateFormat(pattern)
		if err != nil {
			p.Add("date-format", "%v", err)
			continue
		}
		form.formats = append(form.formats, format)
	}
	switch params.Separator {
	case "":
	case "tab", `\t`:
		form.separator = '\t'
	default:
		form.separator = params.Separator[0]
		if len(params.Separator) > 1 || !slices.Contains(separators, form.separator) {
			p.Add("separator", `%q cannot be the separator: want "," or ";" or "|" or tab`, params.Separator)
		}
	}
	return form, p.Err("the list cannot be read like this")
}

// columns returns the headers in the file by column.
func (params CompaniesParams) columns(p *domain.Problems) map[string][]string {
	columns := map[string][]string{}
	if len(params.Map) == 0 {
		if params.NoHeader {
			p.Add("map", "is required where the file has no header: want the numbers of the columns, such as name=2,alias=3")
		}
		for _, c := range CompanyColumns {
			columns[c.Column] = []string{c.Header}
		}
		return columns
	}
	var known []string
	for _, c := range CompanyColumns {
		known = append(known, c.Column)
	}
	for _, text := range params.Map {
		column, header, ok := strings.Cut(text, "=")
		column, header = cleanName(column), cleanName(header)
		switch {
		case !ok || header == "":
			p.Add("map", "%q is not understood: want COLUMN=HEADER, such as name=Entity", text)
		case !slices.Contains(known, column):
			p.Add("map", "there is no column %q to map to: want one of %s", column, strings.Join(known, ", "))
		case len(columns[column]) > 0 && column != columnAlias && column != columnPrevious:
			p.Add("map", "%s is given twice; only %s and %s can be in several columns", column, columnAlias, columnPrevious)
		default:
			columns[column] = append(columns[column], header)
		}
	}
	if len(columns[columnName]) == 0 && p.Len() == 0 {
		p.Add("map", "name is missing: want at least name=HEADER")
	}
	return columns
}

// wanted returns the headers of the columns that are read.
func (f listForm) wanted() []string {
	var headers []string
	for _, c := range CompanyColumns {
		headers = append(headers, f.columns[c.Column]...)
	}
	for _, filter := range f.filters {
		headers = append(headers, filter.column)
	}
	return headers
}

// companyRow is one row of the list.
type companyRow struct {
	place            Place
	name, parent     string
	aliases, former  []string
	note, start, end string
	url              string
}

// rowReader reads the rows of one file.
type rowReader struct {
	form listForm
	file string
	csv  csvReader
	out  *CompaniesResult

	header []string
	at     map[string]int // the index of a header
}

// maxPreamble is the number of records in which the header is looked for. Before it
// there may be a title, or the day on which the list was made.
const maxPreamble = 20

// readRows reads the rows of a file. It counts in out those that it does not return,
// and adds their problems.
func readRows(file File, form listForm, out *CompaniesResult) ([]companyRow, error) {
	lines, err := readText(file)
	if err != nil {
		return nil, err
	}
	r := &rowReader{form: form, file: file.Name, out: out}
	if err := r.findHeader(lines); err != nil {
		return nil, err
	}
	var rows []companyRow
	for {
		record, ok := r.csv.read()
		if !ok {
			return rows, nil
		}
		if row, ok := r.row(record); ok {
			rows = append(rows, row)
		}
	}
}

// findHeader detects the separator and the header, and leaves the reader after it.
func (r *rowReader) findHeader(lines []string) error {
	candidates := separators
	if r.form.separator != 0 {
		candidates = []byte{r.form.separator}
	}
	var best guess
	for _, sep := range candidates {
		r.csv = csvReader{lines: lines, sep: sep}
		var records []csvRecord
		for range maxPreamble {
			record, ok := r.csv.read()
			if !ok {
				break
			}
			for i, field := range record.fields {
				record.fields[i] = cleanName(strings.Trim(field, "\ufeff"))
			}
			if record.blank() || record.problem != "" {
				continue
			}
			if !r.form.noHeader && len(missing(record.fields, r.form.wanted())) == 0 {
				return r.setHeader(record.fields)
			}
			records = append(records, record)
		}
		if g := r.form.guess(records, sep); best.less(g) {
			best = g
		}
	}
	if !r.form.noHeader {
		return r.missingColumnsError(best.header)
	}
	return r.setNumberedColumns(lines, best)
}

// guess is the probable header of a file with a separator, and how well the first
// records match it.
type guess struct {
	sep       byte
	header    csvRecord
	named     int // columns of the header that are wanted
	sameWidth int // records with as many fields
}

// guess returns the probable header: the first of the records with the most of the
// wanted columns. If none has any, it is the first with as many fields as most records
// have, so that neither a single wider row nor a title is taken for it.
func (f listForm) guess(records []csvRecord, sep byte) guess {
	widths := map[int]int{}
	for _, record := range records {
		widths[len(record.fields)]++
	}
	var best guess
	for _, record := range records {
		g := guess{sep: sep, header: record, sameWidth: widths[len(record.fields)]}
		if !f.noHeader {
			g.named = f.named(record.fields)
		}
		if c := cmp.Or(cmp.Compare(g.named, best.named), cmp.Compare(g.hasSeveralFields(), best.hasSeveralFields()), cmp.Compare(g.sameWidth, best.sameWidth)); c > 0 {
			best = g
		}
	}
	return best
}

// named returns how many wanted columns a header has, in any letter case.
func (f listForm) named(header []string) (n int) {
	for _, name := range f.wanted() {
		if slices.ContainsFunc(header, func(field string) bool { return strings.EqualFold(field, name) }) {
			n++
		}
	}
	return n
}

// hasSeveralFields returns 1 if the records have more than one field, and otherwise 0.
func (g guess) hasSeveralFields() int { return min(1, len(g.header.fields)/2) }

// less reports whether other, with another separator, is better.
func (g guess) less(other guess) bool {
	return cmp.Or(cmp.Compare(g.named, other.named), cmp.Compare(g.hasSeveralFields(), other.hasSeveralFields()),
		cmp.Compare(g.sameWidth*len(g.header.fields), other.sameWidth*len(other.header.fields)),
		cmp.Compare(len(g.header.fields), len(other.header.fields))) < 0
}

// missing returns the wanted columns that a header does not have.
func missing(header, wanted []string) []string {
	var none []string
	for _, name := range wanted {
		if !slices.Contains(header, name) && !slices.Contains(none, name) {
			none = append(none, name)
		}
	}
	return none
}

func (r *rowReader) missingColumnsError(header csvRecord) error {
	if len(header.fields) == 0 {
		return domain.Invalid("the file has no header line of CSV: it is empty, or no line of it can be read")
	}
	none := missing(header.fields, r.form.wanted())
	return domain.Invalid("the file has no column %s; its columns are, by line %d, %s%s",
		quoted(none), header.first, quoted(header.fields), r.form.adviseMap(header.fields, none))
}

// adviseMap returns advice on --map for a file without some of the default columns;
// empty with --map.
func (f listForm) adviseMap(header, missing []string) string {
	if f.mapped {
		return ""
	}
	advise := false
	columns := []string{columnName + "=HEADER"}
	for _, c := range CompanyColumns {
		advise = advise || slices.Contains(missing, c.Header)
		// Only headers of default columns are repeated: they have no characters
		// that are special in a shell.
		at := slices.IndexFunc(header, func(field string) bool { return strings.EqualFold(field, c.Header) })
		switch {
		case at < 0:
		case c.Column == columnName:
			columns[0] = fmt.Sprintf("%s=%q", c.Column, header[at])
		default:
			columns = append(columns, fmt.Sprintf("%s=%q", c.Column, header[at]))
		}
	}
	if !advise {
		return ""
	}
	return ". Say which columns are to be read: --map " + strings.Join(columns, ",")
}

// quoted returns a list of names in quotation marks, cut after 60 of them.
func quoted(names []string) string {
	const most = 60
	var b strings.Builder
	for i, name := range names[:min(most, len(names))] {
		if i > 0 {
			b.WriteString(", ")
		}
		if len(name) > 60 {
			name = strings.ToValidUTF8(name[:60], "") + "…"
		}
		b.WriteString(strconv.Quote(name))
	}
	if len(names) > most {
		fmt.Fprintf(&b, " and %d more", len(names)-most)
	}
	return b.String()
}

// setHeader sets the header.
func (r *rowReader) setHeader(header []string) error {
	r.header, r.at = header, map[string]int{}
	for i, name := range header {
		if _, twice := r.at[name]; twice && slices.Contains(r.form.wanted(), name) {
			return domain.Invalid("the file has two columns %q: rename one of them", name)
		}
		r.at[name] = i
	}
	return nil
}

// setNumberedColumns sets the columns of a file without a header by their numbers.
// There are as many as most of the first records have.
func (r *rowReader) setNumberedColumns(lines []string, by guess) error {
	columns := len(by.header.fields)
	r.csv = csvReader{lines: lines, sep: cmp.Or(by.sep, ',')}
	r.header, r.at = make([]string, columns), map[string]int{}
	var p domain.Problems
	for _, text := range r.form.wanted() {
		number, err := strconv.Atoi(text)
		if err != nil || number < 1 || number > columns {
			p.Add("map", "%q is not the number of a column: the file has %s, the first is 1", text, domain.Count(columns, "column", "columns"))
		}
		r.at[text] = number - 1
	}
	return p.Err("the list cannot be read like this")
}

// row parses a record. It returns false for one that is not imported, and counts it.
func (r *rowReader) row(record csvRecord) (companyRow, bool) {
	switch {
	case record.blank():
		r.out.Blank++
		return companyRow{}, false
	case record.problem == "" && !r.form.noHeader && r.isHeader(record.fields):
		r.out.Headers++
		return companyRow{}, false
	}
	r.out.Rows++
	row, problem := r.check(record)
	if problem != "" {
		r.out.BadRows++
		r.out.Problems = append(r.out.Problems, RowMessage{[]Place{{r.file, record.first}}, problem})
		return row, false
	}
	for _, filter := range r.form.filters {
		if !slices.Contains(filter.values, cleanName(record.fields[r.at[filter.column]])) {
			r.out.FilteredOut++
			return row, false
		}
	}
	if row, problem = r.decode(record); problem != "" {
		r.out.BadRows++
		r.out.Problems = append(r.out.Problems, RowMessage{[]Place{{r.file, record.first}}, problem})
		return row, false
	}
	return row, true
}

func (r *rowReader) isHeader(fields []string) bool {
	return slices.EqualFunc(fields, r.header, func(a, b string) bool { return cleanName(strings.Trim(a, "\ufeff")) == b })
}

// check returns what is wrong with the fields of a record as a whole; empty for
// nothing.
func (r *rowReader) check(record csvRecord) (row companyRow, problem string) {
	if record.problem != "" {
		return row, record.problem
	}
	n := len(record.fields)
	for n > len(r.header) && strings.TrimSpace(record.fields[n-1]) == "" {
		n-- // separators at the end of a line mean nothing
	}
	if n != len(r.header) {
		if record.last > record.first {
			// The quote that takes in further lines may be a mistake, so they are
			// read again as records of their own.
			r.csv.at = record.first
			return row, fmt.Sprintf("has %s with the lines to %d, which a quote takes in, and the header has %d", domain.Count(n, "field", "fields"), record.last, len(r.header))
		}
		what := "the header has"
		if r.form.noHeader {
			what = "the list has"
		}
		return row, fmt.Sprintf("has %s; %s %d", domain.Count(n, "field", "fields"), what, len(r.header))
	}
	if record.last > record.first && r.containsRows(record) {
		r.csv.at = record.first // as above
		return row, fmt.Sprintf("a quote that opens in this line is closed in line %d, and what is between are rows of their own: they are read as such", record.last)
	}
	return row, ""
}

// containsRows reports whether a record of several lines contains a line that is a
// valid row.
func (r *rowReader) containsRows(record csvRecord) bool {
	for line := record.first; line < record.last; line++ {
		text := r.csv.lines[line]
		if line == record.last-1 {
			// In the last line only the end of the quoted field counts, if nothing follows it.
			before, ok := strings.CutSuffix(strings.TrimSpace(text), `"`)
			if !ok || strings.Contains(before, `"`) {
				continue
			}
			text = before
		}
		alone := csvReader{lines: []string{text}, sep: r.csv.sep}
		fields, _, problem := alone.parse(0)
		if problem != "" || len(fields) != len(r.header) || len(fields) < 2 {
			continue
		}
		if _, problem = r.decode(csvRecord{first: line + 1, last: line + 1, fields: fields}); problem == "" {
			return true
		}
	}
	return false
}

// decode parses the fields of a row, and returns what is wrong in them; empty for
// nothing.
func (r *rowReader) decode(record csvRecord) (row companyRow, problem string) {
	text := func(column string) string {
		headers := r.form.columns[column]
		if len(headers) == 0 {
			return ""
		}
		text := strings.TrimSpace(record.fields[r.at[headers[0]]])
		if slices.Contains(r.form.empty, text) {
			return ""
		}
		return text
	}
	names := func(column string) (names []string) {
		for _, header := range r.form.columns[column] {
			if text := cleanName(record.fields[r.at[header]]); !slices.Contains(r.form.empty, text) {
				names = append(names, splitNames(text)...)
			}
		}
		return names
	}
	row = companyRow{
		place: Place{r.file, record.first},
		name:  cleanName(text(columnName)), parent: cleanName(text(columnParent)),
		aliases: names(columnAlias), former: names(columnPrevious),
		note: canonical.Of(text(columnNote)), url: cleanName(text(columnURL)),
	}
	var problems []string
	if row.name == "" {
		problems = append(problems, r.label(columnName)+": is required")
	} else if nameKey(row.name) == "" {
		problems = append(problems, fmt.Sprintf("%s: %q has no letter or digit", r.label(columnName), row.name))
	}
	if nameKey(row.parent) == "" {
		row.parent = ""
	}
	start, err := readDate(cleanName(text(columnStart)), r.form.formats)
	if err != nil {
		problems = append(problems, fmt.Sprintf("%s: %v", r.label(columnStart), err))
	}
	end, err := readDate(cleanName(text(columnEnd)), r.form.formats)
	if err != nil {
		problems = append(problems, fmt.Sprintf("%s: %v", r.label(columnEnd), err))
	}
	if start.After(end) {
		problems = append(problems, fmt.Sprintf("%s: %s is before the start, %s", r.label(columnEnd), end, start))
	}
	row.start, row.end = string(start), string(end)
	return row, strings.Join(problems, "; ")
}

// label returns the name of a column for messages: its header or number.
func (r *rowReader) label(column string) string {
	if r.form.noHeader {
		return "column " + r.form.columns[column][0]
	}
	return r.form.columns[column][0]
}
