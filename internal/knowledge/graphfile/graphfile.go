package graphfile

import (
	"encoding/json"
	"io"
	"strconv"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge/picture"
)

// Graph is a network with its name.
type Graph struct {
	Title string
	Nodes []picture.Node
	Edges []picture.Edge
}

// attributes are those of a node or an edge, beside its ids and label.
type attributes struct {
	Kind       string      `json:"kind,omitempty"`
	Lang       string      `json:"lang,omitempty"`
	URL        string      `json:"url,omitempty"`
	Listed     bool        `json:"listed,omitempty"`
	Focus      bool        `json:"focus,omitempty"`
	Hidden     int         `json:"hidden,omitempty"`
	ShareMin   json.Number `json:"share_min,omitempty"`
	ShareMax   json.Number `json:"share_max,omitempty"`
	Confidence string      `json:"confidence,omitempty"`
	Since      string      `json:"since,omitempty"`
	Until      string      `json:"until,omitempty"`
	Ended      bool        `json:"ended,omitempty"`
	Mutual     bool        `json:"mutual,omitempty"`
}

func nodeAttributes(n picture.Node) attributes {
	return attributes{Kind: n.Kind, Lang: n.Lang, URL: picture.SafeLink(n.Link), Listed: n.Listed, Focus: n.Focus, Hidden: n.Hidden}
}

func edgeAttributes(e picture.Edge) attributes {
	a := attributes{Kind: e.Kind, URL: picture.SafeLink(e.Link), Confidence: e.Confidence,
		Since: string(e.Since), Until: string(e.Until), Ended: e.Ended, Mutual: e.Mutual}
	if e.Max > 0 {
		a.ShareMin, a.ShareMax = json.Number(e.Min.String()), json.Number(e.Max.String())
	}
	return a
}

// check returns the ids of the edges, and makes one where there is none. The error is of
// KindInvalid: ids of nodes must be unique, edges refer to nodes, and no other element has
// the id of an edge.
func (g Graph) check() ([]string, error) {
	taken := make(map[string]bool, len(g.Nodes)+len(g.Edges))
	for _, n := range g.Nodes {
		if n.ID == "" || taken[n.ID] {
			return nil, domain.Invalid("a node has no id of its own: %q", n.ID)
		}
		taken[n.ID] = true
	}
	for _, e := range g.Edges {
		if !taken[e.From] || !taken[e.To] {
			return nil, domain.Invalid("an edge from %q to %q refers to no node", e.From, e.To)
		}
	}
	for _, e := range g.Edges {
		if e.ID != "" && taken[e.ID] {
			return nil, domain.Invalid("an edge has no id of its own: %q", e.ID)
		}
		taken[e.ID] = true
	}
	ids := make([]string, len(g.Edges))
	next := 0
	for i, e := range g.Edges {
		ids[i] = e.ID
		for ids[i] == "" {
			next++
			if id := "e" + strconv.Itoa(next); !taken[id] {
				ids[i] = id
			}
		}
	}
	return ids, nil
}

// writeJSON writes a value in lines, for people and diffs.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(v)
}

// JGF writes the graph in version 2 of the JSON Graph Format (jsongraphformat.info). The
// error is of KindInvalid, or that of w.
func JGF(w io.Writer, g Graph) error {
	ids, err := g.check()
	if err != nil {
		return err
	}
	type node struct {
		Label    string     `json:"label"`
		Metadata attributes `json:"metadata"`
	}
	type edge struct {
		ID       string     `json:"id"`
		Source   string     `json:"source"`
		Target   string     `json:"target"`
		Relation string     `json:"relation,omitempty"`
		Label    string     `json:"label,omitempty"`
		Directed bool       `json:"directed"`
		Metadata attributes `json:"metadata"`
	}
	var doc struct {
		Graph struct {
			Label    string          `json:"label,omitempty"`
			Directed bool            `json:"directed"`
			Nodes    map[string]node `json:"nodes"`
			Edges    []edge          `json:"edges"`
		} `json:"graph"`
	}
	doc.Graph.Label, doc.Graph.Directed = g.Title, true
	doc.Graph.Nodes, doc.Graph.Edges = make(map[string]node, len(g.Nodes)), make([]edge, len(g.Edges))
	for _, n := range g.Nodes {
		doc.Graph.Nodes[n.ID] = node{n.Label, nodeAttributes(n)}
	}
	for i, e := range g.Edges {
		doc.Graph.Edges[i] = edge{ids[i], e.From, e.To, e.Kind, e.Label, !e.Mutual, edgeAttributes(e)}
	}
	return writeJSON(w, doc)
}

// Cytoscape writes the graph in the JSON of Cytoscape.js, which the desktop program
// reads too. The error is of KindInvalid, or that of w.
func Cytoscape(w io.Writer, g Graph) error {
	ids, err := g.check()
	if err != nil {
		return err
	}
	type data struct {
		ID     string `json:"id"`
		Source string `json:"source,omitempty"`
		Target string `json:"target,omitempty"`
		Label  string `json:"label,omitempty"`
		Name   string `json:"name,omitempty"` // the label, as the desktop program calls it
		attributes
	}
	type element struct {
		Data data `json:"data"`
	}
	var doc struct {
		Data struct {
			Name string `json:"name,omitempty"`
		} `json:"data"`
		Elements struct {
			Nodes []element `json:"nodes"`
			Edges []element `json:"edges"`
		} `json:"elements"`
	}
	doc.Data.Name = g.Title
	doc.Elements.Nodes, doc.Elements.Edges = make([]element, len(g.Nodes)), make([]element, len(g.Edges))
	for i, n := range g.Nodes {
		doc.Elements.Nodes[i] = element{data{ID: n.ID, Label: n.Label, Name: n.Label, attributes: nodeAttributes(n)}}
	}
	for i, e := range g.Edges {
		doc.Elements.Edges[i] = element{data{ID: ids[i], Source: e.From, Target: e.To, Label: e.Label, attributes: edgeAttributes(e)}}
	}
	return writeJSON(w, doc)
}
