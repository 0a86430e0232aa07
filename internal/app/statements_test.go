package app_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/redthread-api/redthread/examples"
	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// features are what a statement can use that is not in every engine that speaks
// PostgreSQL's protocol, by the names that docs/scaling.md has.
var features = map[string]*regexp.Regexp{
	"ON CONFLICT":                     regexp.MustCompile(`ON CONFLICT`),
	"RETURNING":                       regexp.MustCompile(`RETURNING`),
	"SAVEPOINT":                       regexp.MustCompile(`^SAVEPOINT`),
	"WITH RECURSIVE":                  regexp.MustCompile(`WITH RECURSIVE`),
	"WITH":                            regexp.MustCompile(`^WITH `),
	"OVER (PARTITION BY …)":           regexp.MustCompile(`OVER \(`),
	"= ANY (array)":                   regexp.MustCompile(`= ANY\(\$`),
	"= ANY (ARRAY(SELECT …))":         regexp.MustCompile(`= ANY\(ARRAY\(`),
	"(a, b) < (c, d)":                 regexp.MustCompile(`\("[^()]*, "[^()]*\) [<>] \(\$`),
	"(…) IS TRUE":                     regexp.MustCompile(`\) IS TRUE`),
	"NULLS FIRST, NULLS LAST":         regexp.MustCompile(`NULLS (FIRST|LAST)`),
	`COLLATE "C"`:                     regexp.MustCompile(`COLLATE`),
	"EXISTS with OFFSET":              regexp.MustCompile(`EXISTS \(.* OFFSET`),
	"FOR UPDATE, FOR SHARE":           regexp.MustCompile(`FOR (UPDATE|SHARE)`),
	"SKIP LOCKED":                     regexp.MustCompile(`SKIP LOCKED`),
	"DISTINCT ON":                     regexp.MustCompile(`DISTINCT ON`),
	"LATERAL":                         regexp.MustCompile(`LATERAL`),
	"FILTER (WHERE …)":                regexp.MustCompile(`FILTER \(`),
	"CREATE ROLE, GRANT, SET ROLE":    regexp.MustCompile(`^(CREATE ROLE|GRANT|SET ROLE)`),
	"CREATE SCHEMA":                   regexp.MustCompile(`CREATE SCHEMA`),
	"partial indexes":                 regexp.MustCompile(`CREATE (UNIQUE )?INDEX .* WHERE`),
	"GENERATED … AS IDENTITY":         regexp.MustCompile(`AS IDENTITY`),
	"timestamptz, bytea, jsonb":       regexp.MustCompile(`\b(timestamptz|bytea|jsonb)\b`),
	"pg_catalog, information_schema":  regexp.MustCompile(`\b(pg_catalog|information_schema|pg_roles|pg_class|pg_namespace)\b`),
	"CREATE FUNCTION, CREATE TRIGGER": regexp.MustCompile(`^CREATE (OR REPLACE )?(FUNCTION|TRIGGER)`),
	"casts with ::":                   regexp.MustCompile(`::[a-z]`),
}

// standard are functions that every engine has.
var standard = []string{"coalesce", "count", "greatest", "length", "max", "min", "now", "substr", "sum"}

var (
	functionCall = regexp.MustCompile(`\b([a-z][a-z0-9_]*)\(`)
	quoted       = regexp.MustCompile(`'[^']*'`)
)

// used returns the features and the functions of a statement.
func used(statement string) []string {
	var all []string
	for name, pattern := range features {
		if pattern.MatchString(statement) {
			all = append(all, name)
		}
	}
	if features["CREATE FUNCTION, CREATE TRIGGER"].MatchString(statement) {
		return all // it calls a function of the schema's own
	}
	for _, call := range functionCall.FindAllStringSubmatch(quoted.ReplaceAllString(statement, "''"), -1) {
		if !slices.Contains(standard, call[1]) {
			all = append(all, call[1]+"()")
		}
	}
	return all
}

// docs/scaling.md lists what Redthread's own statements need of an engine.
func TestFeaturesOfStatements(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]string{}
	p := parts(io.Discard)
	p.Demo = app.DemoContents()
	p.Fault = func(_, query string) error {
		mu.Lock()
		defer mu.Unlock()
		for _, name := range used(query) {
			seen[name] = query
		}
		return nil
	}
	c := config(t, storetest.BarePostgresConfig(t))
	c.Demo = true
	a := start(t, c, p)
	all, err := examples.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, example := range all {
		body := map[string]any{"query": example.Query}
		if example.Variables != "" {
			body["variables"] = json.RawMessage(example.Variables)
		}
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = do(t, http.MethodPost, a.URL()+"/graphql", string(text), a.DemoKey()) // TestExamples looks at the responses
	}
	for _, path := range []string{"/readyz", "/v1/reports", "/feeds/reports.atom", "/sitemap.xml"} {
		_, _ = get(t, a.URL()+path)
	}
	documented, err := os.ReadFile("../../docs/scaling.md")
	if err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		if !strings.Contains(string(documented), "| `"+name+"`") {
			t.Errorf("docs/scaling.md does not list %q, which is in %.300s", name, seen[name])
		}
	}
	for _, name := range []string{"ON CONFLICT", "OVER (PARTITION BY …)", "pg_advisory_xact_lock()", "SAVEPOINT"} {
		if seen[name] == "" {
			t.Errorf("no statement has %q: are statements still recorded?", name)
		}
	}
}
