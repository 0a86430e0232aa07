package knowledge

// WithBounds returns a graph whose searches for paths give up sooner.
func WithBounds(g *Graph, edges, steps int) *Graph {
	return &Graph{stores: g.stores, maxEdges: edges, maxSteps: steps}
}
