// Package docs_test holds the documents to the code.
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

// rooms reads the table of ARCHITECTURE.md.
func rooms(t *testing.T) map[string][]string {
	t.Helper()
	raw, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	quoted := regexp.MustCompile("`([^`]+)`")
	table := map[string][]string{}
	_, section, _ := strings.Cut(string(raw), "## Rooms")
	section, _, _ = strings.Cut(section, "\n## ")
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || !strings.Contains(cells[1], "`") {
			continue
		}
		room := quoted.FindStringSubmatch(cells[1])[1]
		table[room] = []string{}
		for _, m := range quoted.FindAllStringSubmatch(cells[3], -1) {
			table[room] = append(table[room], m[1])
		}
	}
	return table
}

// roomOf is the room that a package is in: the longest that begins its path.
func roomOf(table map[string][]string, path string) string {
	best := ""
	for room := range table {
		if (path == room || strings.HasPrefix(path, room+"/")) && len(room) > len(best) {
			best = room
		}
	}
	return best
}

func TestRoomsAndDoors(t *testing.T) {
	t.Parallel()
	table := rooms(t)
	if len(table) < 10 {
		t.Fatalf("read %d rooms from the table", len(table))
	}
	used := map[string]bool{}
	for _, p := range packages(t) {
		path := strings.TrimPrefix(p.ImportPath, module)
		if path == "docs" {
			continue
		}
		room := roomOf(table, path)
		used[room] = true
		if room == "" {
			t.Errorf("%s is in no room of ARCHITECTURE.md", path)
			continue
		}
		for _, target := range p.Imports {
			if isDriver(target) && room != "internal/store" {
				t.Errorf("%s imports the database driver %s; only internal/store may", path, target)
			}
			if !strings.HasPrefix(target, module) {
				if room == "internal/domain" && strings.Contains(strings.Split(target, "/")[0], ".") {
					t.Errorf("internal/domain imports %s; it may import the standard library only", target)
				}
				continue
			}
			other := roomOf(table, strings.TrimPrefix(target, module))
			if other != room && !slices.Contains(table[room], other) {
				t.Errorf("%s imports %s: %s may not import %s", path, target, room, other)
			}
		}
	}
	for room, doors := range table {
		if !used[room] && room != "bench" {
			t.Errorf("ARCHITECTURE.md has a room %s without a package", room)
		}
		for _, door := range doors {
			if _, ok := table[door]; !ok {
				t.Errorf("ARCHITECTURE.md: %s may import %s, which is no room", room, door)
			}
		}
	}
}

func isDriver(path string) bool {
	return strings.HasPrefix(path, "modernc.org/sqlite") || strings.HasPrefix(path, "github.com/jackc/pgx")
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		generated := strings.HasPrefix(p.ImportPath, module+"ent") || p.ImportPath == module+"graph/generated"
		if len(p.GoFiles) > 0 && p.Doc == "" && !generated {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}
