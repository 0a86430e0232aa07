// Package docs_test checks the documentation against the code.
package docs_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/redthread-api/redthread/"

type goPackage struct {
	ImportPath, Doc, Name              string
	GoFiles, TestGoFiles, XTestGoFiles []string
	Imports, TestImports, XTestImports []string
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Doc,Name,GoFiles,TestGoFiles,XTestGoFiles,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = ".."
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// importTable reads the table of packages in ARCHITECTURE.md.
func importTable(t *testing.T) map[string][]string {
	t.Helper()
	raw, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	quoted := regexp.MustCompile("`([^`]+)`")
	table := map[string][]string{}
	_, section, _ := strings.Cut(string(raw), "## Packages")
	section, _, _ = strings.Cut(section, "\n## ")
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || !strings.Contains(cells[1], "`") {
			continue
		}
		row := quoted.FindStringSubmatch(cells[1])[1]
		table[row] = []string{}
		for _, m := range quoted.FindAllStringSubmatch(cells[3], -1) {
			table[row] = append(table[row], m[1])
		}
	}
	return table
}

// rowOf returns the row of a package: the one with the longest prefix of its path.
func rowOf(table map[string][]string, path string) string {
	best := ""
	for row := range table {
		if (path == row || strings.HasPrefix(path, row+"/")) && len(row) > len(best) {
			best = row
		}
	}
	return best
}

func TestImportTable(t *testing.T) {
	t.Parallel()
	table := importTable(t)
	if len(table) < 10 {
		t.Fatalf("read %d rows from the table", len(table))
	}
	used := map[string]bool{}
	for _, p := range packages(t) {
		path := strings.TrimPrefix(p.ImportPath, module)
		if path == "docs" {
			continue
		}
		row := rowOf(table, path)
		used[row] = true
		if row == "" {
			t.Errorf("%s has no row of ARCHITECTURE.md", path)
			continue
		}
		for _, target := range p.Imports {
			// The baseline of the load bench is what one would write without the store.
			if isDriver(target) && !strings.HasPrefix(path, "internal/store") && path != "bench/load" {
				t.Errorf("%s imports the database driver %s; only internal/store may", path, target)
			}
			if !strings.HasPrefix(target, module) {
				if row == "internal/domain" && strings.Contains(strings.Split(target, "/")[0], ".") {
					t.Errorf("internal/domain imports %s; it may import the standard library only", target)
				}
				continue
			}
			other := rowOf(table, strings.TrimPrefix(target, module))
			if other != row && !slices.Contains(table[row], other) {
				t.Errorf("%s imports %s: %s may not import %s", path, target, row, other)
			}
		}
	}
	for row, allowed := range table {
		if !used[row] && row != "bench" {
			t.Errorf("ARCHITECTURE.md has a row for %s, which has no package", row)
		}
		for _, target := range allowed {
			if _, ok := table[target]; !ok {
				t.Errorf("ARCHITECTURE.md: %s may import %s, which has no row", row, target)
			}
		}
	}
}

// Only storetest, the generator of migrations and the load bench start PostgreSQL
// servers, also in tests: all tests get theirs from storetest.
func TestImportsOfPgtemp(t *testing.T) {
	t.Parallel()
	const pgtemp = module + "internal/pgtemp"
	allowed := []string{pgtemp, module + "internal/store/storetest", module + "internal/codegen/migrations", module + "bench/load"}
	for _, p := range packages(t) {
		imports := slices.Concat(p.Imports, p.TestImports, p.XTestImports)
		if slices.Contains(imports, pgtemp) && !slices.Contains(allowed, p.ImportPath) {
			t.Errorf("%s imports internal/pgtemp; use internal/store/storetest", p.ImportPath)
		}
	}
}

func isDriver(path string) bool {
	return strings.HasPrefix(path, "modernc.org/sqlite") || strings.HasPrefix(path, "github.com/jackc/pgx")
}

func TestEveryPackageHasAComment(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		generated := strings.HasPrefix(p.ImportPath, module+"ent/db") || p.ImportPath == module+"graph/generated"
		if len(p.GoFiles) > 0 && p.Doc == "" && !generated {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}
