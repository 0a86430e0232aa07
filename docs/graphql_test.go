package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

var (
	graphqlBlock = regexp.MustCompile("(?ms)^ *```graphql\n(.*?)^ *```")
	definition   = regexp.MustCompile(`^(type|enum|input|interface|union|scalar|directive|extend|schema)\b|^"`)
)

// Every operation that a page shows is valid under the schema.
func TestOperationsOfPages(t *testing.T) {
	t.Parallel()
	sdl, err := os.ReadFile("../schema.graphql")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: string(sdl)})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	operations := 0
	for _, page := range append(pages, "../README.md") {
		raw, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range graphqlBlock.FindAllStringSubmatch(string(raw), -1) {
			for _, operation := range splitOperations(block[1]) {
				operations++
				if _, errs := gqlparser.LoadQueryWithRules(schema, operation, nil); errs != nil {
					t.Errorf("%s: %v in\n%s", page, errs, operation)
				}
			}
		}
	}
	if operations < 50 {
		t.Errorf("only %d operations were found", operations)
	}
}

// splitOperations returns the operations of a block one by one, since a page may show several without names; each with all
// fragments of the block. It returns none for definitions of types.
func splitOperations(block string) []string {
	var operations []string
	var fragments strings.Builder
	depth, start := 0, 0
	text := regexp.MustCompile(`(?m)#.*$`).ReplaceAllString(block, "")
	for i, c := range text {
		switch c {
		case '{', '(':
			depth++
		case '}', ')':
			depth--
			if depth == 0 && c == '}' {
				one := strings.TrimSpace(text[start : i+1])
				start = i + 1
				switch {
				case definition.MatchString(one):
				case strings.HasPrefix(one, "fragment"):
					fragments.WriteString(one + "\n")
				default:
					operations = append(operations, one)
				}
			}
		}
	}
	for i := range operations {
		operations[i] += "\n" + fragments.String()
	}
	return operations
}
