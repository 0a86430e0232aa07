package exchange

import (
	"io"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/canonical"
	"github.com/redthread-api/redthread/internal/domain"
)

// ScreeningParams say what the columns of a list of names are called. Letter case does
// not matter.
type ScreeningParams struct {
	Name        string   // the column of names; "" for the only column, or one with a usual header
	Country     string   // a column of ISO 3166-1 codes; "" for none, or one with a usual header
	Identifiers []string // SCHEME=COLUMN, as LEI=Lei Code
	Separator   string   // , ; | or tab; "" for what the header has
}

// ScreenedName is a row of a list of names.
type ScreenedName struct {
	Line        int
	Name        string
	Country     string // two capitals, or ""
	Identifiers []ScreenedIdentifier
}

// ScreenedIdentifier is an identifier of a row.
type ScreenedIdentifier struct{ Scheme, Value string }

// RowProblem is what is wrong with a row.
type RowProblem struct {
	Line    int
	Message string
}

// The usual headers of columns.
var (
	nameHeaders    = []string{"name", "clean name", "entity", "entity name", "company", "company name", "full name"}
	countryHeaders = []string{"country", "country code", "countrycode", "iso country"}
)

// ReadNames reads a list of names from CSV with a header. A row without a name is left
// out, and so is a country that is not a code; both are among the problems.
func ReadNames(file io.Reader, params ScreeningParams) ([]ScreenedName, []RowProblem, error) {
	lines, err := readText(file)
	if err != nil {
		return nil, nil, err
	}
	reader := csvReader{lines: lines}
	if reader.sep, err = params.separator(lines); err != nil {
		return nil, nil, err
	}
	var header csvRecord
	for more := true; more; {
		if header, more = reader.read(); more && !header.blank() {
			break
		}
	}
	if len(header.fields) == 0 || header.blank() {
		return nil, nil, domain.Invalid("the file has no rows")
	}
	if header.problem != "" {
		return nil, nil, domain.Invalid("line %d, the header, %s", header.first, header.problem)
	}
	columns, err := params.columns(header.fields)
	if err != nil {
		return nil, nil, err
	}
	var out []ScreenedName
	var problems []RowProblem
	for {
		record, more := reader.read()
		if !more {
			return out, problems, nil
		}
		if record.problem != "" {
			problems = append(problems, RowProblem{record.first, record.problem})
			continue
		}
		if record.blank() {
			continue
		}
		row := columns.row(record.fields)
		row.Line = record.first
		if row.Name == "" {
			problems = append(problems, RowProblem{record.first, "has no name"})
			continue
		}
		if c := row.Country; c != "" {
			code, ok := canonical.ParseCountry(c)
			if row.Country = code; !ok {
				row.Country = ""
				problems = append(problems, RowProblem{record.first, "has the country " + quoted([]string{c}) + ", which is no code of ISO 3166-1, as CN: the row is compared without it"})
			}
		}
		out = append(out, row)
	}
}

// separator returns what is between the fields: the one that is given, or that most of
// the header's fields are split by.
func (params ScreeningParams) separator(lines []string) (byte, error) {
	switch given := params.Separator; {
	case given == "tab" || given == `\t`:
		return '\t', nil
	case len(given) == 1 && slices.Contains(separators, given[0]):
		return given[0], nil
	case given != "":
		var p domain.Problems
		p.Add("separator", `%q cannot be the separator: want "," or ";" or "|" or tab`, given)
		return 0, p.Err("the list cannot be read like this")
	}
	best, most := separators[0], 0
	for _, line := range lines {
		if strings.TrimSpace(line) == "" {
			continue
		}
		for _, sep := range separators {
			if n := strings.Count(line, string(sep)); n > most {
				best, most = sep, n
			}
		}
		break
	}
	return best, nil
}

// screeningColumns are the places of columns, from 0; -1 for none.
type screeningColumns struct {
	name, country int
	identifiers   []int
	schemes       []string
}

func (params ScreeningParams) columns(header []string) (screeningColumns, error) {
	plain := make([]string, len(header))
	for i, h := range header {
		plain[i] = strings.ToLower(cleanName(h))
	}
	find := func(name string) int { return slices.Index(plain, strings.ToLower(cleanName(name))) }
	usual := func(names []string) int {
		for _, name := range names {
			if i := find(name); i >= 0 {
				return i
			}
		}
		return -1
	}
	var p domain.Problems
	c := screeningColumns{name: -1, country: -1}
	switch {
	case params.Name != "":
		if c.name = find(params.Name); c.name < 0 {
			p.Add("name", "there is no column %q: the file has %s", params.Name, quoted(header))
		}
	case len(header) == 1:
		c.name = 0
	default:
		if c.name = usual(nameHeaders); c.name < 0 {
			p.Add("name", "is required: say which column has the names; the file has %s", quoted(header))
		}
	}
	if params.Country != "" {
		if c.country = find(params.Country); c.country < 0 {
			p.Add("country", "there is no column %q: the file has %s", params.Country, quoted(header))
		}
	} else {
		c.country = usual(countryHeaders)
	}
	for _, text := range params.Identifiers {
		scheme, column, ok := strings.Cut(text, "=")
		scheme = strings.TrimSpace(scheme)
		if !ok || scheme == "" {
			p.Add("identifier", "%q is not understood: want SCHEME=COLUMN, such as LEI=lei", text)
			continue
		}
		at := find(column)
		if at < 0 {
			p.Add("identifier", "there is no column %q: the file has %s", column, quoted(header))
			continue
		}
		c.identifiers = append(c.identifiers, at)
		c.schemes = append(c.schemes, scheme)
	}
	return c, p.Err("the list cannot be read like this")
}

func (c screeningColumns) row(fields []string) ScreenedName {
	field := func(i int) string {
		if i < 0 || i >= len(fields) {
			return ""
		}
		return cleanName(fields[i])
	}
	row := ScreenedName{Name: field(c.name), Country: field(c.country)}
	for i, at := range c.identifiers {
		if value := field(at); value != "" {
			row.Identifiers = append(row.Identifiers, ScreenedIdentifier{c.schemes[i], value})
		}
	}
	return row
}
