package rest

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"

	"github.com/redthread-api/redthread/graph/validation"
	"github.com/redthread-api/redthread/internal/limits"
)

//go:embed *.graphql
var files embed.FS

const fragmentsFile = "fragments.graphql"

// route is one document.
type route struct {
	operation   string // the query's name
	path        string // "/v1/reports/{slug}"
	section     string
	summary     string
	description string   // Markdown
	examples    []string // requests
	source      string   // the query as it is in the file
	notes       map[string]string

	document   string // the query that is executed
	parameters []*parameter
	arguments  []*argument
	places     map[string]string // parameters by where their values go: "filter.tags.slug.in"

	root        *ast.Field
	resultField *ast.Field // whose value is the response: root, or a field in it
	shape       *shape
	table       *table // nil: there is none
}

// isSingle reports whether the route is about one document, or a list in one.
func (r *route) isSingle() bool { return strings.Contains(r.path, "{slug}") }

// isList reports whether the response is a page of a list.
func (r *route) isList() bool { return isConnection(r.resultField) }

// isPlainList reports whether the response is a list without pages.
func (r *route) isPlainList() bool { return !r.isList() && r.resultField.Definition.Type.Elem != nil }

// load reads the documents, in the order of their paths. An error is a mistake
// in a document.
func load(schema *ast.Schema) ([]*route, error) {
	fragments, err := files.ReadFile(fragmentsFile)
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(files, "*.graphql")
	if err != nil {
		return nil, err
	}
	var all []*route
	for _, name := range names {
		if name == fragmentsFile {
			continue
		}
		source, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		r, err := parse(schema, string(source), string(fragments))
		if err != nil {
			return nil, fmt.Errorf("rest: %s: %w", name, err)
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b *route) int { return strings.Compare(a.path, b.path) })
	return all, nil
}

func parse(schema *ast.Schema, source, fragments string) (*route, error) {
	r := &route{notes: map[string]string{}}
	if err := r.head(source); err != nil {
		return nil, err
	}
	doc, _, err := limits.Parse(source + "\n" + usedFragments(source, fragments))
	if err != nil {
		return nil, err
	}
	if errs := validation.Validate(schema, doc, true); len(errs) > 0 {
		return nil, errs
	}
	if len(doc.Operations) != 1 || doc.Operations[0].Operation != ast.Query || doc.Operations[0].Name == "" {
		return nil, errors.New("want one query that has a name")
	}
	op := doc.Operations[0]
	r.operation = op.Name
	if err := r.fields(op); err != nil {
		return nil, err
	}
	if err := r.variables(schema, op); err != nil {
		return nil, err
	}
	var text bytes.Buffer
	formatter.NewFormatter(&text, formatter.WithCompacted()).FormatQueryDocument(doc)
	r.document = text.String()
	return r, nil
}

var (
	routeLine   = regexp.MustCompile(`^GET (/v1(?:/[a-z0-9-]+|/\{slug\})+)$`)
	sectionLine = regexp.MustCompile(`^([A-Z][a-z]+): (.+)$`)
	tableLine   = regexp.MustCompile(`^CSV: (\w+): (.+)$`)
	noteLine    = regexp.MustCompile(`^\$(\w+): (.+)$`)
)

// head reads the comment.
func (r *route) head(source string) error {
	var lines []string
	for line := range strings.Lines(source) {
		text, ok := strings.CutPrefix(line, "#")
		if !ok {
			break
		}
		r.source += line
		lines = append(lines, strings.TrimPrefix(strings.TrimRight(text, "\n"), " "))
	}
	r.source = strings.TrimSpace(source[len(r.source):])
	if len(lines) < 2 {
		return errors.New("want a comment with the route and what it does")
	}
	at := routeLine.FindStringSubmatch(lines[0])
	title := sectionLine.FindStringSubmatch(lines[1])
	if at == nil || title == nil {
		return errors.New(`want "GET /v1/…" in the first line, and "Section: What it does" in the second`)
	}
	r.path, r.section, r.summary = at[1], title[1], title[2]
	var about []string
	note, columns := "", ""
	for _, line := range lines[2:] {
		found := noteLine.FindStringSubmatch(line)
		listed := tableLine.FindStringSubmatch(line)
		example, isExample := strings.CutPrefix(line, "Example: ")
		switch more, indented := strings.CutPrefix(line, "  "); {
		case found != nil:
			note = found[1]
			r.notes[note] = found[2]
		case listed != nil:
			note, r.table, columns = "", &table{list: listed[1]}, listed[2]
		case r.table != nil && indented:
			columns += " " + more
		case isExample:
			note = ""
			r.examples = append(r.examples, example)
		case note != "" && indented:
			r.notes[note] += " " + more
		default:
			note = ""
			about = append(about, line)
		}
	}
	if r.table != nil {
		r.table.parse(columns)
	}
	r.description = strings.TrimSpace(strings.Join(about, "\n"))
	if r.description == "" || len(r.examples) == 0 {
		return errors.New("want a description and an example")
	}
	return nil
}

// fields finds the root field and the field whose value is the response.
func (r *route) fields(op *ast.OperationDefinition) error {
	top := flatten(op.SelectionSet)
	if len(top) != 1 {
		return errors.New("want one field at the top")
	}
	r.root, r.resultField = top[0], top[0]
	if _, below, ok := strings.Cut(r.path, "{slug}/"); ok {
		if r.resultField = member(r.root, below); r.resultField == nil {
			return fmt.Errorf("the path ends in %s, which is not selected", below)
		}
	}
	if r.isSingle() && member(r.root, "slug") == nil {
		return errors.New("want the slug, for redirects from former ones")
	}
	r.shape = shapeOf(r.resultField)
	return nil
}

// member returns the selected field of f with a response name; nil where there is none.
func member(f *ast.Field, name string) *ast.Field {
	all := flatten(f.SelectionSet)
	if i := slices.IndexFunc(all, func(f *ast.Field) bool { return f.Alias == name }); i >= 0 {
		return all[i]
	}
	return nil
}

// flatten returns the fields of a selection set, with those of fragments in
// their places.
func flatten(set ast.SelectionSet) []*ast.Field {
	var all []*ast.Field
	for _, sel := range set {
		switch sel := sel.(type) {
		case *ast.Field:
			all = append(all, sel)
		case *ast.InlineFragment:
			all = append(all, flatten(sel.SelectionSet)...)
		case *ast.FragmentSpread:
			all = append(all, flatten(sel.Definition.SelectionSet)...)
		}
	}
	return all
}

// isConnection reports whether the value of a field is a page of a list.
func isConnection(f *ast.Field) bool {
	return strings.HasSuffix(f.Definition.Type.Name(), "Connection")
}

var spread = regexp.MustCompile(`\.\.\.([A-Za-z]+)`)

// usedFragments returns those of the fragments that a query uses, and what
// they use in turn: GraphQL refuses a document with others.
func usedFragments(source, fragments string) string {
	var used []string
	var add func(text string)
	add = func(text string) {
		for _, m := range spread.FindAllStringSubmatch(text, -1) {
			begin := strings.Index(fragments, "fragment "+m[1]+" on ")
			if begin < 0 {
				continue // an inline fragment, or a mistake that validation reports
			}
			body, _, _ := strings.Cut(fragments[begin:], "\n\n")
			if !slices.Contains(used, body) {
				used = append(used, body)
				add(body)
			}
		}
	}
	add(source)
	return strings.Join(used, "\n")
}
