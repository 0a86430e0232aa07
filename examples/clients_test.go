package examples_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// tagged is a document in a JavaScript file: gql`…` or graphql`…`.
var tagged = regexp.MustCompile("(?s)\\b(?:gql|graphql)`([^`]*)`")

// TestClients checks that each client has a README and a script, and that its GraphQL documents are
// valid. The clients themselves are run by hand, with clients/run.sh.
func TestClients(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../schema.graphql")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: string(text)})
	if err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadFile("clients/run.sh")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir("clients")
	if err != nil {
		t.Fatal(err)
	}
	clients := 0
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		clients++
		name := entry.Name()
		folder := filepath.Join("clients", name)
		if !strings.Contains(string(list), name) {
			t.Errorf("clients/run.sh does not run %s", name)
		}
		for _, file := range []string{"README.md", "run.sh"} {
			if _, err := os.Stat(filepath.Join(folder, file)); err != nil {
				t.Error(err)
			}
		}
		documents := clientDocuments(t, folder)
		if documents == "" {
			if name != "oapi-codegen" && name != "openapi-typescript" {
				t.Errorf("%s has no GraphQL documents", name)
			}
			continue
		}
		query, err := parser.ParseQuery(&ast.Source{Name: name, Input: documents})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		checked := rules.NewDefaultRules()
		if name == "relay" {
			// Its compiler takes directives of its own out, of which one declares the variables of
			// a fragment.
			checked.RemoveRule(rules.KnownDirectivesRule.Name)
			checked.RemoveRule(rules.NoUndefinedVariablesRule.Name)
			checked.RemoveRule(rules.NoUnusedVariablesRule.Name)
		}
		for _, err := range validator.ValidateWithRules(schema, query, checked) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if clients != 7 {
		t.Errorf("got %d clients, want 7", clients)
	}
}

// clientDocuments returns the GraphQL documents of a client, as one.
func clientDocuments(t *testing.T, folder string) string {
	t.Helper()
	var documents strings.Builder
	for _, file := range []string{"operations.graphql", "operations.js", "src/operations.js"} {
		text, err := os.ReadFile(filepath.Join(folder, file))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, ".graphql") {
			documents.Write(text)
			continue
		}
		for _, match := range tagged.FindAllSubmatch(text, -1) {
			documents.Write(match[1])
			documents.WriteByte('\n')
		}
	}
	return documents.String()
}
