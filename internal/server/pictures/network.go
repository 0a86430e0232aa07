package pictures

import (
	"bytes"
	"context"
	_ "embed" // the query
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge/graphfile"
	"github.com/redthread-api/redthread/internal/knowledge/picture"
)

//go:embed network.graphql
var networkDocument string

// errNothing says that there is nothing to draw for the viewer.
var errNothing = errors.New("there is nothing to draw")

// networks returns the network as a picture and as files.
func networks() []drawing {
	names := []string{"around", "depth", "kinds", "at", "minConfidence", "limit"}
	one := func(ending, mediaType string, draw func(context.Context, *picture.Network) ([]byte, error)) drawing {
		return drawing{
			path: "/network." + ending, mediaType: mediaType, parameters: names, document: networkDocument,
			variables: networkVariables,
			draw: func(ctx context.Context, data []byte, p *parameters) ([]byte, error) {
				n, err := networkOf(data, p)
				if err != nil {
					return nil, err
				}
				return draw(ctx, n)
			},
		}
	}
	file := func(write func(io.Writer, graphfile.Graph) error) func(context.Context, *picture.Network) ([]byte, error) {
		return func(_ context.Context, n *picture.Network) ([]byte, error) {
			var b bytes.Buffer
			err := write(&b, graphfile.Graph{Title: n.Title, Nodes: n.Nodes, Edges: n.Edges})
			return b.Bytes(), err
		}
	}
	svg := one("svg", "image/svg+xml", func(ctx context.Context, n *picture.Network) ([]byte, error) { return n.SVG(ctx) })
	svg.parameters = append(slices.Clone(names), "theme")
	return []drawing{
		svg,
		one("graphml", "application/graphml+xml", file(graphfile.GraphML)),
		one("jgf", "application/vnd.jgf+json", file(graphfile.JGF)),
		one("cyjs", "application/json", file(graphfile.Cytoscape)),
	}
}

func networkVariables(p *parameters) map[string]any {
	around := p.list("around")
	if around == nil {
		p.problems.Add("around", "the id or slug of an entity is required")
	}
	return map[string]any{
		"around": around, "depth": p.number("depth", 1), "limit": p.number("limit", 60), "kinds": p.choices("kinds", domain.RelationshipKinds...),
		"at": p.date("at"), "minConfidence": p.choice("minConfidence", nil, domain.Confidences...),
	}
}

// networkOf returns what is to be drawn of a response.
func networkOf(data []byte, p *parameters) (*picture.Network, error) {
	var response struct {
		Network struct {
			Nodes []struct {
				Distance, Hidden int
				Entity           entity
			}
			Relationships []struct {
				ID, Kind, Confidence      string
				Share, ShareMin, ShareMax *json.Number
				dates
				From, To *struct{ ID string }
			}
		}
	}
	if err := json.Unmarshal(data, &response); err != nil {
		return nil, fmt.Errorf("read the response: %w", err)
	}
	found := response.Network
	day := domain.Date(p.values.Get("at"))
	n := &picture.Network{Frame: picture.Frame{Lang: "en", Theme: p.theme}}
	var names []string
	hidden := 0
	for _, node := range found.Nodes {
		drawn := node.Entity.node(day)
		drawn.Focus, drawn.Hidden = node.Distance == 0, node.Hidden
		hidden += node.Hidden
		if node.Distance == 0 {
			names = append(names, node.Entity.Name)
		}
		n.Nodes = append(n.Nodes, drawn)
	}
	for _, r := range found.Relationships {
		if r.From == nil || r.To == nil {
			continue // an end is in the trash
		}
		e := picture.Edge{ID: r.ID, From: r.From.ID, To: r.To.ID, Kind: r.Kind, Confidence: r.Confidence, Since: r.Since, Until: r.Until,
			Ended: !r.on(day), Mutual: r.Kind == "PARTNER_OF" || r.Kind == "JOINT_VENTURE_WITH" || r.Kind == "RELATED_TO"}
		if r.Share != nil {
			e.Min, e.Max = share(*r.Share), share(*r.Share)
		} else if r.Kind == "OWNS" {
			e.Max = domain.FullShare
			if r.ShareMin != nil {
				e.Min = share(*r.ShareMin)
			}
			if r.ShareMax != nil {
				e.Max = share(*r.ShareMax)
			}
		}
		if len(n.Edges) < picture.MaxEdges {
			n.Edges = append(n.Edges, e)
		}
	}
	n.Title = "Around " + strings.Join(names, ", ")
	n.Subtitle = fmt.Sprintf("%s, %s", domain.Count(len(n.Nodes), "entity", "entities"), domain.Count(len(n.Edges), "tie", "ties"))
	if at := p.values.Get("at"); at != "" {
		n.Subtitle += ", as of " + at
	}
	if hidden > 0 {
		n.Note = domain.Count(hidden, "tie leads", "ties lead") + " out of this picture."
	}
	if cut := len(found.Relationships) - len(n.Edges); cut > 0 {
		n.Note = strings.TrimSpace(n.Note + " " + domain.Count(cut, "tie is", "ties are") + " not shown.")
	}
	return n, nil
}
