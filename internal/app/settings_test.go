package app_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The table of settings in docs/operating.md has exactly the flags of serve with
// their variables.
func TestSettingsAreDocumented(t *testing.T) {
	t.Parallel()
	code, help, errs := run(t, nil, "serve", "--help")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	want := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^ +(?:-\w, )?(--[a-z-]+).*$`).FindAllStringSubmatch(help, -1) {
		variable := regexp.MustCompile(`\[\$(\w+)\]`).FindStringSubmatch(m[0])
		switch {
		case m[1] == "--help":
		case variable == nil:
			t.Errorf("%s has no variable", m[1])
		default:
			want[m[1]] = variable[1]
		}
	}
	if len(want) < 20 {
		t.Fatalf("found only %v", want)
	}

	raw, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	table, _, _ := strings.Cut(string(raw), "\n## ")
	got := map[string]string{}
	quoted := regexp.MustCompile("`([^`]+)`")
	for line := range strings.Lines(table) {
		if !strings.HasPrefix(line, "| `--") {
			continue
		}
		cells := strings.Split(line, "|")
		flags, variables := quoted.FindAllStringSubmatch(cells[1], -1), quoted.FindAllStringSubmatch(cells[2], -1)
		if len(flags) != len(variables) || strings.TrimSpace(cells[3]) == "" {
			t.Errorf("a row has not as many variables as flags, or no meaning: %s", line)
			continue
		}
		for i := range flags {
			got[flags[i][1]] = variables[i][1]
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the table differs from --help (-help +table):\n%s", diff)
	}
}
