package graphfile

import (
	"bufio"
	"encoding/xml"
	"io"
	"strconv"

	"github.com/redthread-api/redthread/internal/domain"
)

// A column is an attribute of GraphML: its name, its type, and its value for an element,
// which is "" for none.
type column struct {
	name, kind string
	value      func(attributes) string
}

func yes(b bool) string {
	if b {
		return "true"
	}
	return ""
}

func nodeColumns() []column {
	return []column{
		{"kind", "string", func(a attributes) string { return a.Kind }},
		{"lang", "string", func(a attributes) string { return a.Lang }},
		{"url", "string", func(a attributes) string { return a.URL }},
		{"listed", "boolean", func(a attributes) string { return yes(a.Listed) }},
		{"focus", "boolean", func(a attributes) string { return yes(a.Focus) }},
		{"hidden", "int", func(a attributes) string {
			if a.Hidden == 0 {
				return ""
			}
			return strconv.Itoa(a.Hidden)
		}},
	}
}

func edgeColumns() []column {
	return []column{
		{"kind", "string", func(a attributes) string { return a.Kind }},
		{"url", "string", func(a attributes) string { return a.URL }},
		{"share_min", "double", func(a attributes) string { return string(a.ShareMin) }},
		{"share_max", "double", func(a attributes) string { return string(a.ShareMax) }},
		{"confidence", "string", func(a attributes) string { return a.Confidence }},
		{"since", "string", func(a attributes) string { return a.Since }},
		{"until", "string", func(a attributes) string { return a.Until }},
		{"ended", "boolean", func(a attributes) string { return yes(a.Ended) }},
		{"mutual", "boolean", func(a attributes) string { return yes(a.Mutual) }},
	}
}

// GraphML writes the graph in GraphML (graphml.graphdrawing.org), with its attributes
// declared. What XML 1.0 cannot hold becomes U+FFFD in labels, and is an error in ids,
// which must stay unique. The error is of KindInvalid, or that of w.
func GraphML(w io.Writer, g Graph) error {
	ids, err := g.check()
	if err != nil {
		return err
	}
	for _, n := range g.Nodes {
		if !token(n.ID) {
			return domain.Invalid("%q can be no id in GraphML", n.ID)
		}
	}
	for _, id := range ids {
		if !token(id) {
			return domain.Invalid("%q can be no id in GraphML", id)
		}
	}
	x := graphmlWriter{bufio.NewWriter(w)}
	x.raw(xml.Header + `<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"` +
		` xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">` + "\n")
	x.key("title", "graph", "title", "string")
	x.key("label", "all", "label", "string")
	for _, c := range nodeColumns() {
		x.key("n_"+c.name, "node", c.name, c.kind)
	}
	for _, c := range edgeColumns() {
		x.key("e_"+c.name, "edge", c.name, c.kind)
	}
	x.raw(` <graph id="G" edgedefault="directed">` + "\n")
	x.data("title", g.Title)
	for _, n := range g.Nodes {
		x.raw(`  <node id="` + n.ID + `">` + "\n")
		x.data("label", n.Label)
		x.columns("n_", nodeColumns(), nodeAttributes(n))
		x.raw("  </node>\n")
	}
	for i, e := range g.Edges {
		x.raw(`  <edge id="` + ids[i] + `" source="` + e.From + `" target="` + e.To + `">` + "\n")
		x.data("label", e.Label)
		x.columns("e_", edgeColumns(), edgeAttributes(e))
		x.raw("  </edge>\n")
	}
	x.raw(" </graph>\n</graphml>\n")
	return x.w.Flush()
}

// token reports whether an id is a NMTOKEN of ASCII.
func token(id string) bool {
	for _, r := range id {
		if r != '-' && r != '_' && r != '.' && r != ':' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return false
		}
	}
	return id != ""
}

// A graphmlWriter writes elements; its writer holds the first error.
type graphmlWriter struct{ w *bufio.Writer }

func (x graphmlWriter) raw(s string) { _, _ = x.w.WriteString(s) }

func (x graphmlWriter) key(id, of, name, kind string) {
	x.raw(` <key id="` + id + `" for="` + of + `" attr.name="` + name + `" attr.type="` + kind + `"/>` + "\n")
}

func (x graphmlWriter) columns(prefix string, columns []column, a attributes) {
	for _, c := range columns {
		x.data(prefix+c.name, c.value(a))
	}
}

func (x graphmlWriter) data(key, value string) {
	if value == "" {
		return
	}
	x.raw(`   <data key="` + key + `">`)
	_ = xml.EscapeText(x.w, []byte(value))
	x.raw("</data>\n")
}
