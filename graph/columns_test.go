package graph_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/internal/domain"
)

// What a field says does not depend on what else is selected, though the
// columns that are read do.
func TestFieldsAlone(t *testing.T) {
	t.Parallel()
	s := schema(t)
	each(t, func(t *testing.T, a *api) {
		for _, dt := range domain.Types() {
			list := dt.String() + "s"
			switch dt {
			case domain.Entity:
				list = "entities"
			case domain.Series:
				list = "allSeries"
			}
			var fields []string
			for _, f := range s.Types[dt.Name()].Fields {
				if text := sample(s, f); text != "" {
					fields = append(fields, text)
				}
			}
			for _, stage := range []string{"LIVE", "DESK"} {
				ask := func(selection string) []any {
					const document = `query @inContext(stage: %s) { list: %s(first: 50, orderBy: {field: UPDATED_AT}) { nodes { %s } pageInfo { endCursor } edges { cursor node { slug } } } }`
					return a.query(editor, fmt.Sprintf(document, stage, list, selection)).at("list.nodes").([]any)
				}
				whole := ask(strings.Join(fields, " "))
				if len(whole) == 0 {
					t.Fatalf("no %s at %s", list, stage)
				}
				for _, f := range fields {
					name, _, _ := strings.Cut(f, ":")
					name = strings.TrimSpace(name)
					for i, row := range ask(f) {
						got, want := text(row.(map[string]any)[name]), text(whole[i].(map[string]any)[name])
						if got != want {
							t.Errorf("%s.%s at %s: alone %s, among others %s", dt.Name(), f, stage, got, want)
						}
					}
				}
			}
		}
	})
}

// sample returns a selection of a field, under a name of its own; "" for a
// field that needs arguments.
func sample(s *ast.Schema, f *ast.FieldDefinition) string {
	if strings.HasPrefix(f.Name, "__") {
		return ""
	}
	out := f.Name + ": " + f.Name
	if f.Name == "other" {
		out += `(than: "aurora")`
	}
	d := s.Types[f.Type.Name()]
	switch {
	case d.Kind != ast.Object && d.Kind != ast.Interface:
		return out
	case strings.HasSuffix(d.Name, "Connection"):
		return out + " { totalCount }"
	}
	for _, inner := range []string{"slug", "path", "text", "description", "role", "authority", "value", "headline"} {
		if field := d.Fields.ForName(inner); field != nil && len(s.Types[field.Type.Name()].Fields) == 0 {
			return out + " { " + inner + " }"
		}
	}
	return out + " { __typename }"
}

func text(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// One row that is reached by several ways, each of which selects something
// else.
func TestFieldsByDifferentWays(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		r := a.query(author, `query @inContext(stage: DESK) {
			list: reports(filter: {slug: {eq: "alpha"}}) { nodes { slug } edges { node { summary createdAt } } }
			again: reports(filter: {slug: {eq: "alpha"}}) { nodes { a: tags { slug } b: tags { createdBy description } ...F } }
			x: report(slug: "alpha") { slug ... on Document { ... on Report { body } } }
			log: publicationLog(first: 3) { nodes { document { slug } } edges { node { document { id ... on Report { summary body } ... on Document { updatedAt createdBy } } } } }
			y: nodes(ids: []) { id } }
			fragment F on Report { ... { outline { text } } body }`)
		for path, want := range map[string]any{
			"list.edges.0.node.summary": "First.", "again.nodes.0.b.0.createdBy": "edo", "again.nodes.0.outline.0.text": "Start",
		} {
			if got := r.at(path); got != want {
				t.Errorf("%s: got %v, want %v", path, got, want)
			}
		}
		if r.at("list.edges.0.node.createdAt") == nil || !strings.HasPrefix(r.at("x.body").(string), "# Start") ||
			r.at("log.edges.0.node.document.updatedAt") == nil || r.at("log.edges.0.node.document.createdBy") != "edo" {
			t.Errorf("got %s", r.body)
		}
	})
}
