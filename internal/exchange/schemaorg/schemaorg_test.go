package schemaorg_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/exchange/schemaorg"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var (
	publisher = schemaorg.Publisher{Name: "Harbour Press", URL: "https://site.example/"}
	at        = time.Date(2026, 1, 20, 9, 30, 0, 123456000, time.UTC)
	works     = schemaorg.Thing{Kind: "COMPANY", URL: "https://site.example/entities/crane-works", Name: "Crane Works",
		Homepage: "https://works.example", Start: "2001", Identifiers: []schemaorg.Identifier{
			{Scheme: "LEI", Value: "5493001KJTIIGC8Y1R12"}, {Scheme: "LEI", Value: "not/one"}, {Scheme: "WIKIDATA", Value: "Q42"}, {Scheme: "USCC", Value: "9133"},
		}}
	ann = schemaorg.Thing{Kind: "PERSON", URL: "https://site.example/entities/ann", Name: "Ann"}
)

func report() schemaorg.Report {
	return schemaorg.Report{
		ID: "rpt_1", URL: "https://site.example/reports/one", Title: "One", Subtitle: "Or two", Summary: "In short.", Kind: "CASE_STUDY", Language: "en",
		Published: &at, Updated: at.Add(time.Hour), Words: 1200, Minutes: 6, Tags: []string{"Cranes", "Ports"},
		About: []schemaorg.Thing{works, {Kind: "EVENT", Name: "A fall", Start: "2024-02", End: "2024-02-03"}},
		Mentions: []schemaorg.Thing{works, {Kind: "PLATFORM", URL: "https://site.example/entities/murmur", Name: "Murmur"},
			{Kind: "LEGAL_INSTRUMENT", Name: "A law"}},
		Narratives: []schemaorg.Narrative{{URL: "https://site.example/narratives/safe", Title: "Safe", Claim: "All is safe.", Assessment: "False: it is not."}},
		Contributions: []schemaorg.Contribution{
			{Role: "AUTHOR", By: ann}, {Role: "ANALYST", By: ann}, {Role: "EDITOR", By: ann}, {Role: "EDITOR", By: works}, {Role: "REVIEWER", By: works}, {Role: "PARTNER", By: works},
		},
		Sources: []schemaorg.Source{{Title: "A register", URL: "https://register.example/", ArchiveURL: "https://archive.example/1", Publisher: "An office", Language: "en", Date: "2021-05"}, {Title: "Hearsay"}},
		Hero:    &schemaorg.File{URL: "https://site.example/crane.png", Type: "image/png", Title: "A crane", Alt: "A red crane", Size: 5_000_000_000},
		Files:   []schemaorg.File{{URL: "https://site.example/one.pdf", Type: "application/pdf", Alt: "The report"}},
	}
}

func narrative(assessment string) schemaorg.Narrative {
	return schemaorg.Narrative{
		ID: "nar_1", URL: "https://site.example/narratives/safe", Title: "Safe", Claim: "All is safe.", Assessment: assessment,
		Published: &at, Updated: at, Tags: []string{"Ports"}, Targets: []schemaorg.Thing{works}, Amplifiers: []schemaorg.Thing{ann},
		Parent: &schemaorg.Narrative{URL: "https://site.example/narratives/calm", Title: "Calm", Claim: "All is calm."},
		Sightings: []schemaorg.Sighting{
			{URL: "https://murmur.example/1", Platform: "Murmur", Language: "ja", Date: "2021-01-02"}, {Platform: "A wall"},
		},
	}
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func() (json.RawMessage, error){
		"issue": func() (json.RawMessage, error) {
			return publisher.Issue(schemaorg.Issue{
				ID: "edn_1", URL: "https://site.example/editions/one", Title: "One", Number: 7, Language: "en", Series: "Tides", SeriesURL: "https://site.example/series/tides",
				Published: &at, Updated: at.Add(time.Hour), Parts: []schemaorg.IssuePart{
					{URL: "https://site.example/editions/one#item-1", Headline: "A crane </script> fell", Date: "2024-02", About: []schemaorg.Thing{works},
						Sources: []schemaorg.Source{{Title: "A register", URL: "https://register.example/"}}},
					{URL: "https://site.example/editions/one#item-2", Headline: "Another"},
				},
			})
		},
		"report": func() (json.RawMessage, error) { return publisher.Report(report()) },
		"bare": func() (json.RawMessage, error) {
			return schemaorg.Publisher{Name: "P"}.Report(schemaorg.Report{Title: "T"})
		},
		"claim": func() (json.RawMessage, error) {
			return publisher.Narrative(narrative("A key narrative: of the study."))
		},
		"claim-review": func() (json.RawMessage, error) { return publisher.Narrative(narrative("mostly  False: some is not.")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := write()
			if err != nil {
				t.Fatal(err)
			}
			if again, err := write(); err != nil || !bytes.Equal(again, text) {
				t.Errorf("the second time it is different, %v", err)
			}
			var got bytes.Buffer
			if err := json.Indent(&got, append(text, '\n'), "", "  "); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got.String()); d != "" {
				t.Errorf("%s (-want +got; -update rewrites it):\n%s", file, d)
			}
		})
	}
}

// The JSON is safe in a script element, also when a client parses it and writes it
// again without escapes.
func TestSafeInPages(t *testing.T) {
	t.Parallel()
	const evil = "</script><!-- <ScRiPt> --> --!> a < b & c\u2028\u2029"
	r := report()
	r.Title, r.Tags, r.About[0].Name, r.Sources[0].Title = evil, []string{evil}, evil, evil
	text, err := publisher.Report(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range []string{"<", ">", "&", "\u2028", "\u2029"} {
		if strings.Contains(string(text), raw) {
			t.Errorf("%q is in the bytes: %s", raw, text)
		}
	}
	if r.Tags[0] != evil {
		t.Error("the caller's list was changed")
	}
	var parsed map[string]any
	if err := json.Unmarshal(text, &parsed); err != nil {
		t.Fatal(err)
	}
	var careless bytes.Buffer
	e := json.NewEncoder(&careless)
	e.SetEscapeHTML(false)
	if err := e.Encode(parsed); err != nil {
		t.Fatal(err)
	}
	for _, harmful := range []string{"</script", "<script", "<!--", "-->", "--!>"} {
		if strings.Contains(strings.ToLower(careless.String()), harmful) {
			t.Errorf("%q comes back: %s", harmful, careless.String())
		}
	}
	if want := "a < b & c"; !strings.Contains(parsed["name"].(string), want) {
		t.Errorf("got %s, want %q in it", parsed["name"], want)
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"False: the strait was open.": "False", "MISLEADING: x": "MISLEADING", "Out of\ncontext : x": "Out of context",
		"": "", "False": "", "False. It was open.": "", "The study: x": "", "Not false: x": "", ": x": "",
	} {
		if got := schemaorg.Verdict(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
