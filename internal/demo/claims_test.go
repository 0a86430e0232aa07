package demo_test

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// world is who and what of the real world the demo names. An addition needs a
// statement of the publisher's to stand on.
var world = []string{
	"china", "united-states", "taiwan", "japan", "okinawa", "fukushima", "asia-pacific", "australia", "zambia",
	"democratic-republic-of-the-congo", "european-union", "lobito-corridor", "lobito-corridor-railway",
	"norin-mining", "norin-mining-parent", "australian-private-equity-firm", "zambian-copper-mines",
	"us-sanctions-authority", "alibaba", "govini", "national-security-knowledge-graph",
	"majority-state-owned-enterprises", "counter-espionage-law", "implementing-rules-2017",
	"security-precaution-provisions-2021", "counter-espionage-revision-2023",
}

// aboutTheWorld are the reports whose subject is real.
var aboutTheWorld = []string{
	"counter-espionage-law", "ip-theft-typology", "disinformation-targeting-japan",
	"sanctions-evasion-and-global-resources", "big-tech-ties-to-the-government",
}

func graphqlFiles(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("*.graphql")
	if err != nil || len(names) == 0 {
		t.Fatalf("no .graphql files: %v", err)
	}
	texts := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(text)
	}
	return texts
}

func loadSchema(t *testing.T) *ast.Schema {
	t.Helper()
	text, err := os.ReadFile("../../schema.graphql")
	if err != nil {
		t.Fatal(err)
	}
	return gqlparser.MustLoadSchema(&ast.Source{Name: "schema.graphql", Input: string(text)})
}

// mutations are the inputs of the demo by mutation: createEntity and so on.
func mutations(t *testing.T) map[string][]map[string]any {
	t.Helper()
	schema := loadSchema(t)
	all := map[string][]map[string]any{}
	for name, text := range graphqlFiles(t) {
		doc, err := gqlparser.LoadQueryWithRules(schema, text, rules.NewDefaultRules())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(doc.Operations) != 1 || doc.Operations[0].Operation != ast.Mutation {
			t.Errorf("%s: want one mutation", name)
		}
		for _, selection := range doc.Operations[0].SelectionSet {
			field := selection.(*ast.Field)
			input, _ := field.ArgumentMap(nil)["input"].(map[string]any)
			all[field.Name] = append(all[field.Name], input)
		}
	}
	return all
}

func TestOperationsFitTheSchema(t *testing.T) {
	t.Parallel()
	total := 0
	for _, inputs := range mutations(t) {
		total += len(inputs)
	}
	if total >= 400 {
		t.Errorf("got %d mutations, want fewer than 400: the demo is loaded at a start", total)
	}
}

func TestClaims(t *testing.T) {
	t.Parallel()
	all := mutations(t)
	invented := func(v any) bool {
		text, _ := v.(string)
		return strings.Contains(strings.ToLower(text), "invented")
	}

	t.Run("EntitiesAreKnownOrInvented", func(t *testing.T) {
		seen := map[string]bool{}
		for _, e := range all["createEntity"] {
			slug := e["slug"].(string)
			seen[slug] = true
			switch {
			case !slices.Contains(world, slug):
				if !invented(e["description"]) {
					t.Errorf("%s: the description does not say that it is invented", slug)
				}
			case invented(e["description"]):
				t.Errorf("%s: is of the real world and called invented", slug)
			case e["identifiers"] != nil || e["listings"] != nil:
				t.Errorf("%s: is of the real world and has identifiers or listings", slug)
			}
		}
		for _, slug := range world {
			if !seen[slug] {
				t.Errorf("%s is in the list of real names and not in the demo", slug)
			}
		}
	})

	t.Run("TiesDoNotCross", func(t *testing.T) {
		for _, r := range all["createRelationship"] {
			from, to := r["from"].(string), r["to"].(string)
			if slices.Contains(world, from) != slices.Contains(world, to) {
				t.Errorf("%s and %s: a tie between a real and an invented entity", from, to)
			}
			if slices.Contains(world, from) && r["share"] != nil {
				t.Errorf("%s owns %s: a share between real entities", from, to)
			}
		}
	})

	t.Run("SourcesSayWhatTheyAre", func(t *testing.T) {
		for _, s := range all["createSource"] {
			title := s["title"].(string)
			if !strings.HasSuffix(title, "(invented)") && !strings.HasSuffix(title, "(demo record)") {
				t.Errorf("source %q: want (invented) or (demo record) at the end", title)
			}
		}
	})

	t.Run("ReportsSayWhatTheyAre", func(t *testing.T) {
		for _, r := range all["createReport"] {
			slug := r["slug"].(string)
			if !slices.Contains(aboutTheWorld, slug) && r["body"] != nil && !invented(r["body"]) && !strings.Contains(r["body"].(string), "架空") {
				t.Errorf("report %s: does not say that it is invented", slug)
			}
		}
	})

	t.Run("SightingsSayThatTheyAreInvented", func(t *testing.T) {
		for _, n := range all["createNarrative"] {
			if invented(n["description"]) {
				continue
			}
			observations, _ := n["observations"].([]any)
			for _, o := range observations {
				if row := o.(map[string]any); !invented(row["description"]) || !invented(row["platform"]) {
					t.Errorf("narrative %s: a sighting that does not say that it is invented: %v", n["slug"], row)
				}
			}
		}
	})

	t.Run("AddressesLeadNowhere", func(t *testing.T) {
		address := regexp.MustCompile(`https?://[^\s"')\]>]+`)
		for name, text := range graphqlFiles(t) {
			for _, found := range address.FindAllString(text, -1) {
				u, err := url.Parse(found)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if host := "." + u.Hostname(); !strings.HasSuffix(host, ".example.org") &&
					!strings.HasSuffix(host, ".example.com") && !strings.HasSuffix(host, ".example") {
					t.Errorf("%s: %s: want example.org, example.com or .example", name, found)
				}
			}
		}
	})
}
