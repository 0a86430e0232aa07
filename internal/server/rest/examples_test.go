package rest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/server/rest"
)

// The examples are the responses of the routes, and fit the schemas of the
// description.
func examplesAreAnsweredAsShown(t *testing.T, a *api) {
	d := describe(t, a)
	files := map[string]bool{}
	for _, r := range a.rest.Routes() {
		for i, example := range r.Examples {
			got := a.get(public, example).ok()
			d.check(t, r, example, got.body)
			if r.List && len(got.list().Data) == 0 {
				t.Errorf("%s has no response", example)
			}
			file := rest.FileOfExample(r.Operation, i)
			files[filepath.Base(file)] = true
			golden(t, file, settled(got.body))
			d.check(t, r, file, settled(got.body))
		}
	}
	there, err := fs.Glob(os.DirFS("examples"), "*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range there {
		if !files[name] {
			t.Errorf("examples/%s is the response to no example", name)
		}
	}
}

// more are requests of routes that are about what their parameters name, beside the examples.
var more = map[string][]string{
	"/v1/network": {"/v1/network?around=ironquill-shipping,harborlight-mining,orrin-vask", "/v1/network?around=lanternfield-trading&kinds=OWNS,CONTROLS"},
	"/v1/paths": {
		"/v1/paths?from=ironquill-staff-trust&to=harborlight-mining&first=20&maxLength=5", "/v1/paths?from=orrin-vask&to=graymantle-group",
		"/v1/paths?from=orrin-vask&to=harborlight-mining",
	},
	"/v1/entities/{slug}/exposure": {
		"/v1/entities/verrin-port-services/exposure?authority=Concordat+Sanctions+Office&rule=UK&asOf=2026-06-01",
		"/v1/entities/graymantle-group/exposure?authority=Concordat+Sanctions+Office&programme=Minerals+Programme&threshold=50&asOf=2026-06-01",
		"/v1/entities/ironquill-shipping/exposure?authority=Concordat+Sanctions+Office&threshold=50&comparison=more_than&together=true&asOf=2018-06-01",
		"/v1/entities/harborlight-mining/exposure?authority=Concordat+Sanctions+Office&rule=UK&asOf=2026-06-01",
		"/v1/entities/harborlight-mining/exposure?authority=Concordat+Sanctions+Office&threshold=50&asOf=2020-02-15",
		"/v1/entities/tessel-armaments/exposure?authority=Concordat+Sanctions+Office&threshold=50&asOf=2022-06-01",
	},
	"/v1/exposure-report": {
		"/v1/exposure-report?authority=Concordat+Sanctions+Office&rule=UK&asOf=2026-06-01&first=100",
		"/v1/exposure-report?authority=Concordat+Sanctions+Office&programme=Minerals+Programme&threshold=33.4&asOf=2020-06-01",
	},
}

// Every document fits the schemas, for a viewer who sees all of them; and there is one
// in which each promised member has a value.
func answersFitTheirSchemas(t *testing.T, a *api) {
	d := describe(t, a)
	all := cleared(domain.Red)
	for _, r := range a.rest.Routes() {
		if strings.Contains(r.Path, "{slug}") || !r.List {
			for _, target := range slices.Concat(r.Examples, more[r.Path]) {
				d.check(t, r, target, a.get(all, target).ok().body)
			}
			continue
		}
		for target := r.Path + "?first=50&totalCount=true"; target != ""; {
			if !slices.Contains(r.Parameters, "totalCount") {
				target = strings.Replace(target, "&totalCount=true", "", 1)
			}
			page := a.get(all, target).ok()
			d.check(t, r, target, page.body)
			for _, document := range page.list().Data {
				for _, one := range a.rest.Routes() {
					if base, ok := strings.CutPrefix(one.Path, r.Path+"/{slug}"); ok {
						at := fmt.Sprintf("%s/%s%s", r.Path, document["slug"], base)
						if one.List {
							at += "?totalCount=true"
						}
						d.check(t, one, at, a.get(all, at).ok().body)
					}
				}
			}
			target = page.link(target, "next")
		}
		if r.Path == "/v1/search" { // what a response has only for a query
			for _, more := range []string{"?q=harbor&facets=true", "?q=okinawwa"} {
				d.check(t, r, r.Path+more, a.get(all, r.Path+more).ok().body)
			}
		}
	}
	d.covered(t)
}

// description is the description in OpenAPI, and validators of what it has.
type description struct {
	raw      map[string]any
	compiler *jsonschema.Compiler
	seen     map[string]bool // members of objects in responses
}

// describe reads the description. Its objects are closed: other members
// of a response would be undescribed.
func describe(t *testing.T, a *api) *description {
	t.Helper()
	d := &description{compiler: jsonschema.NewCompiler(), seen: map[string]bool{}}
	body := static(t, a.rest.Description(), "/v1/openapi.json").body
	raw, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	d.raw = raw.(map[string]any)
	closed(d.raw["components"].(map[string]any)["schemas"])
	d.compiler.AssertFormat()
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	if err := d.compiler.AddResource("openapi.json", d.raw); err != nil {
		t.Fatal(err)
	}
	return d
}

func closed(schema any) {
	switch s := schema.(type) {
	case map[string]any:
		if _, ok := s["properties"].(map[string]any); ok && s["type"] == "object" {
			s["additionalProperties"] = false
		}
		for _, inner := range s {
			closed(inner)
		}
	case []any:
		for _, inner := range s {
			closed(inner)
		}
	}
}

// check validates a response of a route.
func (d *description) check(t *testing.T, r rest.Route, target, body string) {
	t.Helper()
	pointer := "#/paths/" + strings.NewReplacer("/", "~1", "{", "%7B", "}", "%7D").Replace(r.Path) +
		"/get/responses/200/content/application~1json/schema"
	schema, err := d.compiler.Compile("openapi.json" + pointer)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("%s: %#v\n%s", target, err, body)
	}
	d.note(r.Operation, value)
}

// note records which members were there with a value, and which without.
func (d *description) note(at string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			if inner != nil {
				d.seen[at+"."+name] = true
			}
			d.note(at+"."+name, inner)
		}
	case []any:
		for _, inner := range v {
			d.note(at, inner)
		}
	}
}

// covered checks that each described member of a response had a value somewhere, so that
// its schema was tested.
func (d *description) covered(t *testing.T) {
	t.Helper()
	missing := []string{}
	var walk func(at string, schema map[string]any)
	walk = func(at string, schema map[string]any) {
		if to, ok := schema["$ref"].(string); ok {
			walk(at, d.raw["components"].(map[string]any)["schemas"].(map[string]any)[strings.TrimPrefix(to, "#/components/schemas/")].(map[string]any))
			return
		}
		if items, ok := schema["items"].(map[string]any); ok {
			walk(at, items)
		}
		choices, _ := schema["anyOf"].([]any)
		for _, one := range choices {
			walk(at, one.(map[string]any))
		}
		properties, _ := schema["properties"].(map[string]any)
		for name, inner := range properties {
			if !d.seen[at+"."+name] {
				missing = append(missing, at+"."+name)
				continue
			}
			walk(at+"."+name, inner.(map[string]any))
		}
	}
	for _, item := range d.raw["paths"].(map[string]any) {
		op := item.(map[string]any)["get"].(map[string]any)
		content := op["responses"].(map[string]any)["200"].(map[string]any)["content"].(map[string]any)
		walk(op["operationId"].(string), content["application/json"].(map[string]any)["schema"].(map[string]any))
	}
	slices.Sort(missing)
	for _, name := range missing {
		if !slices.ContainsFunc(neverInTheDemo, func(suffix string) bool { return strings.HasSuffix(name, suffix) }) {
			t.Errorf("%s has a value in no response", name)
		}
	}
}

// neverInTheDemo are members that are null or empty in all of it.
var neverInTheDemo = []string{
	".page.next", ".page.previous",
	"getEntity.listings.citations.source.archiveUrl",
	"getExposureOfEntity.data.contradictions", ".contradictions.entity", ".contradictions.sum", "getExposureOfEntity.data.listings.citations.source.archiveUrl",
	"getExposureOfEntity.data.listings.citations.quote", "getExposureOfEntity.data.chains.steps.relationship.until", "getExposureOfEntity.data.holders.relationship.until",
	"getExposureReport.entries.entity.country", "getExposureOfEntity.data.open.step", "getExposureOfEntity.data.open.atMin", "getExposureOfEntity.data.open.atMax",
}

var (
	anID     = regexp.MustCompile(`\b([a-z]{3})_[0-9a-z]{13}\b`)
	anAnchor = regexp.MustCompile(`"anchor":\s*"item-[0-9a-z]{13}"`)
	aCursor  = regexp.MustCompile(`"(next|previous|cursor|head)":\s*"[^"]*"`)
	savedAt  = regexp.MustCompile(`"(createdAt|updatedAt|at)":\s*"[^"]*"`)
	lastTime = "2026-06-01T09:30:00Z"
)

// settled is a response without what differs between two loads: ids,
// cursors, and when something was saved.
func settled(body string) string {
	ids := map[string]string{}
	body = anID.ReplaceAllStringFunc(body, func(id string) string {
		if _, ok := ids[id]; !ok {
			ids[id] = fmt.Sprintf("%s_0qj45xx4%05d", id[:3], len(ids)+1)
		}
		return ids[id]
	})
	body = anAnchor.ReplaceAllString(body, `"anchor":"item-0qj45xx400001"`)
	body = aCursor.ReplaceAllString(body, `"$1":"eyJsIjoicmVwb3J0cyJ9"`)
	body = savedAt.ReplaceAllString(body, `"$1":"`+lastTime+`"`)
	var out bytes.Buffer
	if err := json.Indent(&out, []byte(body), "", "  "); err != nil {
		return err.Error()
	}
	return out.String()
}

// golden compares a text with a file.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got; -update rewrites it):\n%s", file, d)
	}
}

// The contract in short: routes, operations, parameters and schemas.
func TestContract(t *testing.T) {
	t.Parallel()
	a := &api{t: t, rest: rest.New(fixedResponse{}, slog.New(slog.DiscardHandler))}
	d := describe(t, a)
	var lines []string
	for _, r := range a.rest.Routes() {
		lines = append(lines, "GET "+r.Path+" "+r.Operation)
		for _, p := range r.Parameters {
			if slices.Contains(r.Lists, p) {
				p += " (list)"
			}
			lines = append(lines, "  ?"+p)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.raw["components"].(map[string]any)["schemas"].(map[string]any))) {
		lines = append(lines, "schema "+name)
	}
	golden(t, "testdata/contract.txt", strings.Join(lines, "\n")+"\n")
}
