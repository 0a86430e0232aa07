package docs_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/limits"
)

// TestAccessTables checks the tables of rights and limits in access.md.
func TestAccessTables(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("access.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	for _, right := range domain.Rights() {
		row := fmt.Sprintf("| `%s` | %s | %s |\n", right, right.Role(), right.Meaning())
		if !strings.Contains(text, row) {
			t.Errorf("access.md lacks %s", row)
		}
	}
	public, partner, staff := limits.Standard(domain.Public), limits.Standard(domain.Partner), limits.Standard(domain.Author)
	if staff != limits.Standard(domain.Editor) || staff != limits.Standard(domain.Admin) {
		t.Error("staff have several limits, and access.md has one column for them")
	}
	for name, of := range map[string]func(limits.Limit) int{
		"tokens":                      func(l limits.Limit) int { return l.Tokens },
		"depth":                       func(l limits.Limit) int { return l.Depth },
		"fields at the top":           func(l limits.Limit) int { return l.Roots },
		"aliases":                     func(l limits.Limit) int { return l.Aliases },
		"directives":                  func(l limits.Limit) int { return l.Directives },
		"fragments":                   func(l limits.Limit) int { return l.Fragments },
		"cost":                        func(l limits.Limit) int { return l.Cost },
		"values in the variables":     func(l limits.Limit) int { return l.Values },
		"bytes of the response":       func(l limits.Limit) int { return l.ResponseBytes },
		"seconds":                     func(l limits.Limit) int { return int(l.Time.Seconds()) },
		"**cost of all in a minute**": func(l limits.Limit) int { return l.PerMinute },
	} {
		row := fmt.Sprintf("| %s | %d | %d | %d |\n", name, of(public), of(partner), of(staff))
		if !strings.Contains(text, row) {
			t.Errorf("access.md lacks %s", row)
		}
	}
	for field, more := range limits.Surcharges() {
		if !strings.Contains(text, fmt.Sprintf("`%s`", field)) || !strings.Contains(text, fmt.Sprintf(" | %d |\n", more)) {
			t.Errorf("access.md lacks the surcharge of %s, %d", field, more)
		}
	}
}
