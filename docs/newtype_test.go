package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/ent/db/migrate"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
)

// newType is a type of document, or a word that may become one: "report".
type newType struct{ name, graphQL, plural string }

func typeNamed(name string) newType {
	plural := name + "s"
	if strings.HasSuffix(name, "s") {
		plural = name // series
	}
	if stem, ok := strings.CutSuffix(name, "y"); ok {
		plural = stem + "ies"
	}
	return newType{name, strings.ToUpper(name[:1]) + name[1:], plural}
}

// places are those where a type of document is described, as CONTRIBUTING.md lists
// them, each with the check whether it has the type.
func places(t *testing.T) map[string]func(newType) bool {
	t.Helper()
	read := func(path string) string {
		raw, err := os.ReadFile(filepath.Join("..", path))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	schema, bindings := read("schema.graphql"), read("gqlgen.yml")
	lookup, trash := read("graph/lookup.go"), read("graph/trash.go")
	exists := func(path string) bool {
		_, err := os.Stat(filepath.Join("..", path))
		return err == nil
	}
	return map[string]func(newType) bool{
		"internal/domain/type.go": func(n newType) bool {
			_, ok := domain.ParseType(n.name)
			return ok
		},
		"ent/schema": func(n newType) bool {
			for _, table := range migrate.Tables {
				if table.Name == n.plural {
					return true
				}
			}
			return false
		},
		"internal/aggregate/model.go": func(n newType) bool {
			kind, _ := domain.ParseType(n.name)
			return aggregate.SpecOf(kind) != nil
		},
		"internal/aggregate/testdata/snapshots": func(n newType) bool {
			samples, err := filepath.Glob("../internal/aggregate/testdata/snapshots/" + n.name + "-*.json")
			return err == nil && len(samples) > 0
		},
		"schema.graphql": func(n newType) bool {
			for _, declared := range []string{
				"type NAME implements", "type NAMEConnection", "input NAMEFilter", "input NAMEOrder",
				"input CreateNAMEInput", "input UpdateNAMEInput", "input UpsertNAMEInput",
			} {
				if !strings.Contains(schema, "\n"+strings.ReplaceAll(declared, "NAME", n.graphQL)) {
					return false
				}
			}
			return regexp.MustCompile(`\n  ` + n.name + `\(`).MatchString(schema)
		},
		"gqlgen.yml": func(n newType) bool {
			return strings.Contains(bindings, "ent/db."+n.graphQL+"]")
		},
		"graph/catalog": func(n newType) bool {
			for _, table := range catalog.Tables() {
				if table.Type == n.graphQL && table.Document.String() == n.name {
					return true
				}
			}
			return false
		},
		"graph/TYPE.go":   func(n newType) bool { return exists("graph/" + n.name + ".go") },
		"graph/lookup.go": func(n newType) bool { return strings.Contains(lookup, "\tdomain."+n.graphQL+":") },
		"graph/trash.go":  func(n newType) bool { return strings.Contains(trash, "{domain."+n.graphQL+",") },
	}
}

// recipe reads the places from CONTRIBUTING.md, in order.
func recipe(t *testing.T) []string {
	t.Helper()
	raw, err := os.ReadFile("../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(raw), "## A new type of document")
	section, _, _ = strings.Cut(section, "\n## ")
	var listed []string
	for _, m := range regexp.MustCompile("(?m)^[0-9]+\\. `([^`]+)`").FindAllStringSubmatch(section, -1) {
		listed = append(listed, m[1])
	}
	return listed
}

// missing lists the places that lack a type, in the order of the recipe.
func missing(t *testing.T, name string) []string {
	t.Helper()
	checks := places(t)
	var lacking []string
	for _, place := range recipe(t) {
		check := checks[place]
		if check == nil {
			t.Fatalf("CONTRIBUTING.md lists %s, for which there is no check", place)
		}
		if !check(typeNamed(name)) {
			lacking = append(lacking, place)
		}
		delete(checks, place)
	}
	for place := range checks {
		t.Errorf("CONTRIBUTING.md does not list %s", place)
	}
	return lacking
}

// The recipe lists every place that a made-up type lacks, and no type lacks one.
func TestRecipeForANewType(t *testing.T) {
	t.Parallel()
	if got, want := missing(t, "dataset"), recipe(t); !slices.Equal(got, want) {
		t.Errorf("a made-up type lacks %v, want every place of the recipe: %v", got, want)
	}
	for _, known := range domain.Types() {
		if got := missing(t, known.String()); len(got) > 0 {
			t.Errorf("%s lacks %v", known, got)
		}
	}
}
