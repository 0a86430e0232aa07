package app_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/store/storetest"
)

// A dry run of an import prints the same as the real run, and stores nothing. An
// invalid command line has exit code 2, an invalid row 1.
func TestImportCompaniesCommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	env := environment(storetest.BareSQLiteConfig(t))
	list, more := filepath.Join(dir, "list.csv"), filepath.Join(dir, "more.csv")
	for name, text := range map[string]string{
		list: "Entity;Other;Since\nHarbour Cranes, AS;HC;31/01/2021\nHARBOUR CRANES AS;;31/01/2021\n\nNets;;32/01/2021\n",
		more: "Entity;Other;Since\nSails;;01/02/2021\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"import", "companies", list, more, "--publish", "--map", "name=Entity,alias=Other", "--map", "start=Since", "--date-format", "DD/MM/YYYY"}
	const sums = `4 rows: 3 imported, 1 not imported, 0 were left out.
Also 1 blank line and 0 repeated headers.
2 companies, 0 parents that are not in the list, 1 other name, 0 relationships.
2 listings; 1 row repeats the company and the start of another.
3 documents created, 0 changed, 0 as they were.
2 documents published; the publication log is at entry 3.
`
	bad := "line " + list + `:5: Since: "32/01/2021" is not a date of the form DD/MM/YYYY`
	code, out, errs := run(t, env, append(args, "--dry-run")...)
	if _, err := os.Stat(env["REDTHREAD_DATA"]); code != 1 || out != "" || !strings.Contains(errs, "there is no data folder") || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a dry run without stores: got %d\n%s\n%s\n%v", code, out, errs, err)
	}
	if code, _, errs := run(t, env, "migrate", "up"); code != 0 {
		t.Fatal(errs)
	}
	for _, dry := range []bool{true, true, false} {
		args, want := args, sums
		if dry {
			args, want = append(args, "--dry-run"), "This is a dry run: nothing was stored.\n"+sums
		}
		code, out, errs := run(t, env, args...)
		if code != 1 || out != want || !strings.Contains(errs, bad) {
			t.Errorf("dry %v: got %d\n%s\n%s\nwant\n%s", dry, code, out, errs, want)
		}
	}
	code, out, _ = run(t, env, args...)
	if code != 1 || !strings.Contains(out, "0 documents created, 0 changed, 3 as they were.\nNothing was published.\n") {
		t.Errorf("again: got %d\n%s", code, out)
	}
	for want, args := range map[string][]string{
		"FILE.csv is missing": {},
		`map: there is no column "nmae" to map to: want one of name, alias`: {list, "--map", "nmae=Entity"},
		`the file has no column "Clean Name", "Alias"`:                      {list},
		"more.csv: the file has no column \"Type\"":                         {more, more, "--map", "name=Entity", "--only", "Type=x"},
		"unknown flag": {list, "--seperator", ";"},
	} {
		code, out, errs := run(t, env, append([]string{"import", "companies"}, args...)...)
		if code != 2 || out != "" || !strings.Contains(errs, want) {
			t.Errorf("%q: got %d\n%s\n%s\nwant %s", args, code, out, errs, want)
		}
	}
}

// Entities with a name in common are listed: the first pairs, each with its first
// names, and the number of the others.
func TestImportListsEntitiesOfTheSameName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pairs int
		rows  string
		lines int
		last  string
	}{
		{1, "", 1, `entity:w-1 and entity:works-1 both have the name "W 1": merge them if they are one.`},
		{0, "Nets;A, B, C, D\nSails;A, B, C, D\n", 1, `entity:sails and entity:nets both have the names "A", "B", "C", 1 other: merge them if they are one.`},
		{20, "", 20, `entity:w-20 and entity:works-20 both have the name "W 20": merge them if they are one.`},
		{21, "", 21, "1 more pair has a name in common."},
		{22, "", 21, "2 more pairs have a name in common."},
	} {
		list := filepath.Join(t.TempDir(), "list.csv")
		text := "Entity;Other\n" + c.rows
		for i := range c.pairs {
			text += fmt.Sprintf("Works %[1]d;W %[1]d\nW %[1]d;\n", i+1)
		}
		if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		env := environment(storetest.SQLiteConfig(t))
		code, out, errs := run(t, env, "import", "companies", list, "--map", "name=Entity,alias=Other")
		lines := strings.Split(strings.TrimSpace(out), "\n")
		lines = lines[min(4, len(lines)-1):]
		if code != 0 || len(lines) != c.lines || lines[len(lines)-1] != c.last {
			t.Errorf("%d pairs: got %d\n%s\n%s\nwant %d lines, the last %s", c.pairs, code, out, errs, c.lines, c.last)
		}
	}
}

// Documents are imported, the same file again changes nothing, and a dry run stores
// nothing.
func TestImportDocumentsCommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	env := environment(storetest.SQLiteConfig(t))
	file := filepath.Join(dir, "archive.ndjson")
	const text = `{"type": "tag", "slug": "ports", "label": "Ports", "vocabulary": "TOPIC"}
{"type": "entity", "slug": "harbour-cranes", "kind": "COMPANY", "name": "Harbour Cranes AS", "tags": ["ports"]}
{"type": "entity", "slug": "nets", "kind": "SHIP", "name": "Nets"}
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := run(t, env, "migrate", "up"); code != 0 {
		t.Fatal(errs)
	}
	const sums = "3 documents: 2 created, 0 changed, 0 as they were, 1 refused.\n1 document published; the publication log is at entry 2.\n"
	for _, want := range []string{
		"This is a dry run: nothing was stored.\n" + sums,
		sums,
		"3 documents: 0 created, 0 changed, 2 as they were, 1 refused.\nNothing was published.\n",
	} {
		args := []string{"import", "documents", file, "--publish"}
		if strings.HasPrefix(want, "This") {
			args = append(args, "--dry-run")
		}
		code, out, errs := run(t, env, args...)
		if code != 1 || out != want || !strings.Contains(errs, "line 3: the entity cannot be saved: kind: ") {
			t.Errorf("got %d\n%s\n%s\nwant\n%s", code, out, errs, want)
		}
	}
	code, out, errs := run(t, env, "compact", "--shrink")
	if want := "0 revisions were compressed, from 0.0 MB to 0.0 MB.\n"; code != 0 || out != want {
		t.Errorf("got %d %s %s, want %s", code, out, errs, want)
	}
}
