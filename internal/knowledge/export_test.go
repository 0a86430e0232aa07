package knowledge

import "github.com/redthread-api/redthread/internal/domain"

// WithBounds returns a graph whose searches for paths give up sooner.
func WithBounds(g *Graph, edges, steps int) *Graph {
	with := *g
	with.maxEdges, with.maxSteps = edges, steps
	with.checked = &lastCheck{}
	return &with
}

// WithCheckBounds returns a graph whose checks of evidence look at fewer rows and return fewer findings of a kind.
func WithCheckBounds(g *Graph, rows, findings int) *Graph {
	with := *g
	with.maxChecked, with.maxFindings = rows, findings
	with.checked = &lastCheck{}
	return &with
}

// StakeOf is a stake for MostOwned.
type StakeOf struct {
	Since, Until domain.Date
	Least        domain.Share
}

// MostOwned returns the greatest sum of stakes that surely hold at one time, and the first day on which it does.
func MostOwned(of []StakeOf) (domain.Share, domain.Date) {
	var stakes []stakeAt
	for _, s := range of {
		if from, to := surely(s.Since, s.Until); from < to {
			stakes = append(stakes, stakeAt{from: from, to: to, least: s.Least})
		}
	}
	return mostOwned(stakes)
}

// Components returns the strongly connected components of a graph of which next has the edges.
func Components(nodes []domain.ID, next map[domain.ID][]domain.ID) [][]domain.ID {
	return components(nodes, func(id domain.ID, fn func(domain.ID)) {
		for _, to := range next[id] {
			fn(to)
		}
	})
}

// ISINCountry returns the country of an ISIN.
var ISINCountry = isinCountry

// Answered returns how many reads that can be answered from memory were, and how many the database answered.
func Answered(g *Graph) (memory, database int64) {
	return g.memory.fromMemory.Load(), g.memory.fromDatabase.Load()
}
