package app_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/contract"
)

const contracts = "testdata/contract"

// promised is what a version promises, by the names of its files.
type promised map[string]string

// presentContract returns what the present version promises. The server has content, so that there are metrics of it.
func presentContract(t *testing.T, a *app.App, key string) promised {
	t.Helper()
	schema, err := os.ReadFile("../../schema.graphql")
	if err != nil {
		t.Fatal(err)
	}
	code, openAPI := get(t, a.URL()+"/v1/openapi.json")
	if code != http.StatusOK {
		t.Fatalf("/v1/openapi.json: %d", code)
	}
	trimmed, err := contract.Trim([]byte(openAPI))
	if err != nil {
		t.Fatal(err)
	}
	query(t, a, "", `{ reports { totalCount } }`)
	query(t, a, key, `mutation { createWebhook(input: {url: "https://partner.example/"}) { secret } }`) // which the role may not
	_, metrics := get(t, a.MetricsURL())
	lines := func(list []string) string { return strings.Join(list, "\n") + "\n" }
	return promised{
		"schema.graphql": string(schema), "openapi.json": string(trimmed),
		"settings.txt": lines(contract.Settings(app.Commands())), "metrics.txt": lines(contract.Metrics(metrics)),
	}
}

// What the last released version promised still holds, unless it was deprecated there and its day is over, or the
// break is in accepted.txt, each on a line below a comment with its reason.
func TestContract(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: it is no test of concurrency")
	}
	t.Parallel()
	c := engines[0].bare(t)
	versions := listVersions(t, upgrades)
	fixture := filepath.Join(upgrades, versions[len(versions)-1], "sqlite")
	putFixture(t, fixture+".tar.zst", c)
	a := start(t, upgradeSettings(t, c), parts(&record{}))
	code, out, errs := run(t, environment(c), "key", "create", "--name", "Ada", "--role", "AUTHOR")
	if code != 0 {
		t.Fatal(errs)
	}
	present := presentContract(t, a, strings.TrimSpace(out))
	stop(t, a)
	if version := os.Getenv(freeze); version != "" {
		writeContract(t, filepath.Join(contracts, version), present)
	}
	versions = listVersions(t, contracts)
	released := readContract(t, filepath.Join(contracts, versions[len(versions)-1]))
	found := compareContracts(t, released, present)
	accepted := acceptedBreaks(t)
	for _, line := range found {
		if !slices.Contains(accepted, line) {
			t.Errorf("since %s: %s", versions[len(versions)-1], line)
		}
	}
	for _, line := range accepted {
		if !slices.Contains(found, line) {
			t.Errorf("accepted.txt has %q, which is no break", line)
		}
	}
	undated, err := contract.Undated(present["schema.graphql"])
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range undated {
		t.Errorf("schema.graphql: %s", line)
	}
}

func compareContracts(t *testing.T, released, present promised) []string {
	t.Helper()
	now := time.Now()
	schema, err := contract.GraphQL(released["schema.graphql"], present["schema.graphql"], now)
	if err != nil {
		t.Fatal(err)
	}
	rest, err := contract.OpenAPI([]byte(released["openapi.json"]), []byte(present["openapi.json"]), now)
	if err != nil {
		t.Fatal(err)
	}
	split := func(text string) []string { return strings.Split(strings.TrimSpace(text), "\n") }
	return slices.Concat(schema, rest,
		contract.CompareSettings(split(released["settings.txt"]), split(present["settings.txt"]), now),
		contract.CompareMetrics(split(released["metrics.txt"]), split(present["metrics.txt"])))
}

func readContract(t *testing.T, folder string) promised {
	t.Helper()
	p := promised{}
	for _, name := range []string{"schema.graphql", "openapi.json", "settings.txt", "metrics.txt"} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		p[name] = string(text)
	}
	return p
}

func writeContract(t *testing.T, folder string, p promised) {
	t.Helper()
	// Versions before it are no longer compared with.
	if err := errors.Join(os.RemoveAll(contracts), os.MkdirAll(folder, 0o755)); err != nil {
		t.Fatal(err)
	}
	for name, text := range p {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(contracts, "accepted.txt"), []byte(acceptedHead), 0o644); err != nil {
		t.Fatal(err)
	}
}

const acceptedHead = `# What breaks clients since the last released version and is meant to: a line each, as TestContract writes it, below a
# comment with the reason. CHANGELOG.md names each under "Breaking". A release empties the list.
`

func acceptedBreaks(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(contracts, "accepted.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

// versionNumber matches the name of a folder of a version.
var versionNumber = regexp.MustCompile(`^(\d+)\.(\d+)\.(\d+)$`)

// listVersions returns the versions that a folder has, the oldest first.
func listVersions(t *testing.T, folder string) []string {
	t.Helper()
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var versions []string
	for _, f := range files {
		if versionNumber.MatchString(f.Name()) {
			versions = append(versions, f.Name())
		}
	}
	if len(versions) == 0 {
		t.Fatalf("%s has no versions", folder)
	}
	slices.SortFunc(versions, compareVersions)
	return versions
}

func compareVersions(a, b string) int {
	pad := func(v string) string {
		return versionNumber.ReplaceAllStringFunc(v, func(v string) string {
			parts := strings.Split(v, ".")
			for i, p := range parts {
				parts[i] = strings.Repeat("0", 9-len(p)) + p
			}
			return strings.Join(parts, ".")
		})
	}
	return strings.Compare(pad(a), pad(b))
}

// Each version in the changelog has its stores, and the last one its contract.
func TestReleasedVersionsAreFrozen(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range regexp.MustCompile(`(?m)^## \[(\d+\.\d+\.\d+)\]`).FindAllStringSubmatch(string(text), -1) {
		for _, folder := range []string{upgrades, contracts} {
			if (folder == upgrades || i == 0) && !slices.Contains(listVersions(t, folder), m[1]) {
				t.Errorf("%s has no %s: run \"make freeze VERSION=%[2]s\"", folder, m[1])
			}
		}
	}
}
