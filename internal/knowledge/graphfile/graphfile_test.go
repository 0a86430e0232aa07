package graphfile_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge/graphfile"
	"github.com/redthread-api/redthread/internal/knowledge/picture"
)

var update = flag.Bool("update", false, "rewrite the golden files")

type writer func(io.Writer, graphfile.Graph) error

func writers() map[string]writer {
	return map[string]writer{"sample.graphml": graphfile.GraphML, "sample.jgf.json": graphfile.JGF, "sample.cyjs": graphfile.Cytoscape}
}

// sample has every attribute; all names are invented.
func sample() graphfile.Graph {
	return graphfile.Graph{
		Title: "Harborlight <Mining> & neighbours",
		Nodes: []picture.Node{
			{ID: "ent_1", Label: "Harborlight Mining", Kind: "COMPANY", Lang: "en", Link: "https://example.org/e/1?a=b&c=d", Focus: true, Hidden: 86},
			{ID: "ent_2", Label: "晨光投资\x01", Kind: "COMPANY", Lang: "zh-Hans", Listed: true, Link: "javascript:alert(1)"},
			{ID: "ent_3", Label: "Ada Quillfeather", Kind: "PERSON"},
		},
		Edges: []picture.Edge{
			{ID: "rel_1", From: "ent_2", To: "ent_1", Kind: "OWNS", Label: "owns 33.4 %", Min: 33_400_000, Max: domain.FullShare, Since: "2019", Confidence: "PROBABLE"},
			{From: "ent_3", To: "ent_1", Kind: "DIRECTOR_OF", Until: "2021-05", Ended: true},
			{From: "ent_3", To: "ent_1", Kind: "PARTNER_OF", Mutual: true, Link: "/relationships/3"},
			{From: "ent_1", To: "ent_1", Kind: "RELATED_TO"},
		},
	}
}

func write(t *testing.T, w writer, g graphfile.Graph) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := w(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, w := range writers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := write(t, w, sample())
			path := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		})
	}
}

func TestBadGraphsAreRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*graphfile.Graph){
		"TwoNodesWithOneID": func(g *graphfile.Graph) { g.Nodes[1].ID = "ent_1" },
		"NodeWithoutID":     func(g *graphfile.Graph) { g.Nodes[2].ID = "" },
		"EdgeToNowhere":     func(g *graphfile.Graph) { g.Edges[0].To = "ent_9" },
		"EdgeWithIDOfNode":  func(g *graphfile.Graph) { g.Edges[0].ID = "ent_2" },
		"TwoEdgesWithOneID": func(g *graphfile.Graph) { g.Edges[1].ID = "rel_1" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := sample()
			change(&g)
			for file, w := range writers() {
				var b bytes.Buffer
				if err := w(&b, g); !errors.Is(err, &domain.Error{Kind: domain.KindInvalid}) || b.Len() > 0 {
					t.Errorf("%s: got %v and %d bytes, want an error of KindInvalid and none", file, err, b.Len())
				}
			}
		})
	}
}

func TestMadeIDsAvoidGivenOnes(t *testing.T) {
	t.Parallel()
	g := sample()
	g.Edges[3].ID = "e1"
	var doc struct {
		Graph struct{ Edges []struct{ ID string } }
	}
	if err := json.Unmarshal(write(t, graphfile.JGF, g), &doc); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range doc.Graph.Edges {
		got = append(got, e.ID)
	}
	if diff := cmp.Diff([]string{"rel_1", "e2", "e3", "e1"}, got); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
}

func TestGraphMLRefusesIDsThatXMLChanges(t *testing.T) {
	t.Parallel()
	g := sample()
	g.Nodes = append(g.Nodes, picture.Node{ID: `"><b`})
	if err := graphfile.GraphML(io.Discard, g); !errors.Is(err, &domain.Error{Kind: domain.KindInvalid}) {
		t.Errorf("got %v, want an error of KindInvalid", err)
	}
}

type failing struct{}

var errFull = errors.New("full")

func (failing) Write([]byte) (int, error) { return 0, errFull }

func TestErrorsOfTheWriterComeBack(t *testing.T) {
	t.Parallel()
	for name, w := range writers() {
		if err := w(failing{}, sample()); !errors.Is(err, errFull) {
			t.Errorf("%s: got %v, want %v", name, err, errFull)
		}
	}
}

// FuzzLabels checks that every label, whatever is in it, can be read back, but for what
// XML cannot hold.
func FuzzLabels(f *testing.F) {
	for _, s := range []string{"", "a<b", "]]>", "\x00\x1f", "\xff", "\ufffe", "國\u202e"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, label string) {
		g := graphfile.Graph{Title: label, Nodes: []picture.Node{{ID: "a", Label: label, Kind: label, Link: label}},
			Edges: []picture.Edge{{From: "a", To: "a", Label: label, Kind: label, Since: domain.Date(label)}}}
		for name, w := range writers() {
			var b bytes.Buffer
			if err := w(&b, g); err != nil {
				t.Fatal(err)
			}
			var err error
			if name == "sample.graphml" {
				var doc struct {
					Node []struct {
						Data []string `xml:"data"`
					} `xml:"graph>node"`
				}
				if err = xml.Unmarshal(b.Bytes(), &doc); err == nil && len(doc.Node) != 1 {
					t.Errorf("%s: got %d nodes, want 1", name, len(doc.Node))
				}
			} else {
				var doc map[string]any
				err = json.Unmarshal(b.Bytes(), &doc)
			}
			if err != nil {
				t.Errorf("%s of %q: %v\n%s", name, label, err, b.Bytes())
			}
		}
	})
}
