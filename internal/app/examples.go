package app

import (
	"github.com/redthread-api/redthread/examples"
	"github.com/redthread-api/redthread/internal/server/explorer"
)

// openingExamples returns the initial tabs of the explorer.
func openingExamples() []explorer.Example {
	opening, err := examples.Opening()
	if err != nil {
		panic(err) // the examples are embedded
	}
	tabs := make([]explorer.Example, 0, len(opening))
	for _, e := range opening {
		// A query begins with a comment about itself, so the tab has no name.
		tabs = append(tabs, explorer.Example{Query: e.Query, Variables: e.Variables})
	}
	return tabs
}
