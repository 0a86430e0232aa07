package graph_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/graph/generated"
)

// The enum ErrorCode has each code that the program gives errors, and no other.
func TestErrorCodeEnum(t *testing.T) {
	t.Parallel()
	emitted := map[string]bool{errcode.ParseFailed: true, errcode.ValidationFailed: true}
	for _, dir := range []string{".", "transport", "coerce", "validation", "bounded", "read", "../internal/limits", "../internal/queries", "../internal/idempotency", "../internal/server/rest"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: got %d files, %v", dir, len(files), err)
		}
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				collectCodes(t, file, emitted)
			}
		}
	}
	var listed []string
	for _, v := range generated.NewExecutableSchema(generated.Config{}).Schema().Types["ErrorCode"].EnumValues {
		listed = append(listed, v.Name)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(emitted)), slices.Sorted(slices.Values(listed))); diff != "" {
		t.Errorf("the schema (+) and the program (-) differ:\n%s", diff)
	}
}

var codePattern = regexp.MustCompile(`^[A-Z][A-Z_]{3,}$`)

// collectCodes collects the error codes in a file: the values of constants whose names
// begin with "code", of the table codes, and of the key "code" in literals.
func collectCodes(t *testing.T, file string, found map[string]bool) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	text := func(e ast.Expr) string {
		if literal, ok := e.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			s, _ := strconv.Unquote(literal.Value)
			return s
		}
		return ""
	}
	collect := func(e ast.Expr) {
		if s := text(e); codePattern.MatchString(s) {
			found[s] = true
		}
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ValueSpec:
			for i, value := range n.Values {
				name := n.Names[i].Name
				if strings.HasPrefix(strings.ToLower(name), "code") {
					collect(value)
				}
				if table, ok := value.(*ast.CompositeLit); ok && name == "codes" {
					for _, row := range table.Elts {
						collect(row.(*ast.KeyValueExpr).Value)
					}
				}
			}
		case *ast.KeyValueExpr:
			if text(n.Key) == "code" {
				collect(n.Value)
			}
		}
		return true
	})
}
