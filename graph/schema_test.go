package graph_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
)

func schema(t testing.TB) *ast.Schema {
	t.Helper()
	text, err := os.ReadFile("../schema.graphql")
	if err != nil {
		t.Fatal(err)
	}
	s, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: string(text)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// own returns the types that the schema itself defines.
func own(s *ast.Schema) []*ast.Definition {
	var out []*ast.Definition
	for _, name := range slices.Sorted(maps.Keys(s.Types)) {
		if d := s.Types[name]; !d.BuiltIn {
			out = append(out, d)
		}
	}
	return out
}

func TestEverythingIsDescribed(t *testing.T) {
	t.Parallel()
	s := schema(t)
	want := func(what, description string) {
		if d := strings.TrimSpace(description); d == "" || !strings.ContainsAny(d[len(d)-1:], ".:") {
			t.Errorf("%s has no description, or not a sentence: %q", what, description)
		}
	}
	for _, d := range own(s) {
		want(d.Name, d.Description)
		for _, v := range d.EnumValues {
			want(d.Name+"."+v.Name, v.Description)
		}
		for _, f := range d.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			want(d.Name+"."+f.Name, f.Description)
			for _, a := range f.Arguments {
				want(d.Name+"."+f.Name+"("+a.Name+")", a.Description)
			}
		}
	}
	want("schema", s.Description)
	want("@inContext", s.Directives["inContext"].Description)
}

func TestEnumsAreTheVocabulary(t *testing.T) {
	t.Parallel()
	s := schema(t)
	var types []string
	for _, d := range domain.Types() {
		types = append(types, strings.ToUpper(d.String()))
	}
	for name, want := range map[string][]string{
		"ReportKind": domain.ReportKinds, "ResearchMethod": domain.ResearchMethods, "ContributionRole": domain.ContributionRoles,
		"NarrativeStatus": domain.NarrativeStatuses, "EntityKind": domain.EntityKinds, "NameKind": domain.NameKinds,
		"RelationshipKind": domain.RelationshipKinds, "Confidence": domain.Confidences, "TagVocabulary": domain.TagVocabularies,
		"SourceReliability": domain.SourceReliabilities, "Cadence": domain.Cadences, "PublicationAction": domain.PublicationActions,
		"ReferencePolicy": domain.ReferencePolicies, "ScheduleStatus": domain.ScheduleStatuses,
		"FieldChangeKind": texts(aggregate.FieldChangeKinds), "WarningCode": texts(editorial.WarningCodes),
		"ProposalReason": texts(editorial.ProposalReasons), "LeftOutReason": texts(editorial.LeftOutReasons),
		"Marking": domain.Markings, "Role": domain.Roles, "Stage": domain.Stages, "DocumentType": types,
	} {
		if got := values(s.Types[name]); !slices.Equal(got, want) {
			t.Errorf("%s: the schema has %v, the vocabulary %v", name, got, want)
		}
	}
}

func texts[T ~string](in []T) []string {
	var out []string
	for _, v := range in {
		out = append(out, string(v))
	}
	return out
}

// A field of Mutation that cannot be null would take the answers of the others
// with it: what they did is done, and nobody would learn of it.
func TestFieldsOfMutationAreNullable(t *testing.T) {
	t.Parallel()
	fields := schema(t).Mutation.Fields
	if len(fields) < 50 {
		t.Errorf("there are only %d", len(fields))
	}
	for _, f := range fields {
		if f.Type.NonNull {
			t.Errorf("Mutation.%s is %s: make it nullable", f.Name, f.Type)
		}
	}
}

// Whatever is saved or published can be answered with warnings.
func TestPayloadsHaveWarnings(t *testing.T) {
	t.Parallel()
	s := schema(t)
	for _, f := range s.Mutation.Fields {
		payload := s.Types[f.Type.Name()]
		document := payload.Fields.ForName("changed") != nil
		release := payload.Fields.ForName("omitted") != nil
		if warnings := payload.Fields.ForName("warnings"); (document || release) && (warnings == nil || warnings.Type.String() != "[Warning!]!") {
			t.Errorf("%s answers with %s, which has no warnings: [Warning!]!", f.Name, payload.Name)
		}
	}
}

func values(d *ast.Definition) []string {
	var out []string
	for _, v := range d.EnumValues {
		out = append(out, v.Name)
	}
	return out
}

// filterTypes are the inputs that compare a column of each kind.
var filterTypes = map[read.Kind]string{
	read.Text: "StringFilter", read.ID: "IDFilter", read.Int: "IntFilter", read.Long: "LongFilter", read.Share: "FloatFilter",
	read.Date: "DateFilter", read.DateTime: "DateTimeFilter", read.Marking: "MarkingFilter",
}

// Each condition of a filter input is in the catalog, and the other way round,
// with the input type that its operators are of; and so are the orders.
func TestFiltersAndOrdersAreTheCatalog(t *testing.T) {
	t.Parallel()
	s := schema(t)
	tables := map[string]*read.Table{}
	for _, table := range catalog.Tables() {
		tables[table.Name] = table
	}
	seen := map[string]bool{}
	for _, table := range tables {
		input := s.Types[table.Type+"Filter"]
		if input == nil {
			continue
		}
		seen[input.Name] = true
		for _, f := range input.Fields {
			field, isField := table.Fields[f.Name]
			relation, isRelation := table.Relations[f.Name]
			want := ""
			switch {
			case f.Name == "and" || f.Name == "or" || f.Name == "not":
				want = input.Name
			case f.Name == "search" && table.Searched != nil:
				want = "String"
			case f.Name == "within" && table.Tree != "":
				want = "String"
			case isField && field.Kind == read.Enum:
				// The enum's name is that of its filter.
				want = f.Type.Name()
				if enum := s.Types[strings.TrimSuffix(want, "Filter")]; enum == nil || !slices.Equal(values(enum), field.Enum) {
					t.Errorf("%s.%s is a %s, the catalog has %v", input.Name, f.Name, want, field.Enum)
				}
			case isField:
				want = filterTypes[field.Kind]
			case isRelation:
				want = tables[relation.Target].Type + "Filter"
			default:
				t.Errorf("%s.%s is not in the catalog", input.Name, f.Name)
				continue
			}
			if f.Type.Name() != want {
				t.Errorf("%s.%s is a %s, the catalog wants %s", input.Name, f.Name, f.Type.Name(), want)
			}
			if !isField {
				continue
			}
			var operators []string
			for _, op := range s.Types[f.Type.Name()].Fields {
				operators = append(operators, op.Name)
			}
			if !slices.Equal(operators, field.Operators()) {
				t.Errorf("%s has %v, the catalog %v", f.Type.Name(), operators, field.Operators())
			}
		}
		for name := range table.Fields {
			if input.Fields.ForName(name) == nil {
				t.Errorf("the schema has no %s.%s", input.Name, name)
			}
		}
		for name := range table.Relations {
			if input.Fields.ForName(name) == nil {
				t.Errorf("the schema has no %s.%s", input.Name, name)
			}
		}
		if table.Document == 0 {
			continue
		}
		var facets []string
		if d := s.Types[table.Type+"Facets"]; d != nil {
			for _, f := range d.Fields {
				facets = append(facets, f.Name)
			}
		}
		if want := slices.Sorted(maps.Keys(table.Facets)); !slices.Equal(slices.Sorted(slices.Values(facets)), want) {
			t.Errorf("%sFacets has %v, the catalog %v", table.Type, facets, want)
		}
		got, want := values(s.Types[table.Type+"OrderField"]), slices.Sorted(maps.Keys(table.Orders))
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%sOrderField has %v, the catalog %v", table.Type, got, want)
		}
	}
	for _, d := range own(s) {
		leaf := slices.Contains(slices.Collect(maps.Values(filterTypes)), d.Name) || s.Types[strings.TrimSuffix(d.Name, "Filter")] != nil && s.Types[strings.TrimSuffix(d.Name, "Filter")].Kind == ast.Enum
		if strings.HasSuffix(d.Name, "Filter") && !leaf && !seen[d.Name] && d.Name != "SearchFilter" { // which is of no table
			t.Errorf("%s is not in the catalog", d.Name)
		}
	}
}

// All documents have the fields of the interface, described alike, and a page
// of each type of row is a connection to Relay's letter.
func TestConventions(t *testing.T) {
	t.Parallel()
	s := schema(t)
	document := s.Types["Document"]
	for _, dt := range domain.Types() {
		d := s.Types[dt.Name()]
		for _, f := range document.Fields {
			if got := d.Fields.ForName(f.Name); got == nil || got.Description != f.Description {
				t.Errorf("%s.%s differs from the interface", d.Name, f.Name)
			}
		}
		for _, verb := range []string{"Create", "Update", "Upsert"} {
			if s.Types[verb+d.Name+"Input"] == nil || s.Mutation.Fields.ForName(strings.ToLower(verb)+d.Name) == nil {
				t.Errorf("there is no %s%s", strings.ToLower(verb), d.Name)
			}
		}
	}
	for _, f := range s.Mutation.Fields {
		if len(f.Arguments) != 1 || f.Arguments[0].Name != "input" || !strings.HasSuffix(f.Type.Name(), "Payload") {
			t.Errorf("the mutation %s does not take one input and return a payload", f.Name)
		}
	}
	for _, d := range own(s) {
		if !strings.HasSuffix(d.Name, "Connection") {
			continue
		}
		node := strings.TrimSuffix(d.Name, "Connection")
		for name, want := range map[string]string{"edges": "[" + node + "Edge!]!", "nodes": "[" + node + "!]!", "pageInfo": "PageInfo!"} {
			if f := d.Fields.ForName(name); f == nil || f.Type.String() != want {
				t.Errorf("%s.%s is not %s", d.Name, name, want)
			}
		}
	}
}

// A reader of live must be able to see each field of a type, or read that
// only the desk has it.
func TestDeskOnlyFieldsCanBeNull(t *testing.T) {
	t.Parallel()
	for _, d := range own(schema(t)) {
		for _, f := range d.Fields {
			if d.Kind == ast.Object && strings.Contains(f.Description, "Desk only") && f.Type.NonNull {
				t.Errorf("%s.%s is null in live, but its type says it is not", d.Name, f.Name)
			}
		}
	}
}
