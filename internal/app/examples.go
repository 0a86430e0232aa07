package app

import (
	"github.com/redthread-api/redthread/examples"
	"github.com/redthread-api/redthread/internal/server/explorer"
)

// openingExamples are the tabs with which the explorer opens.
func openingExamples() []explorer.Example {
	opening, err := examples.Opening()
	if err != nil {
		panic(err) // what is embedded is there
	}
	tabs := make([]explorer.Example, 0, len(opening))
	for _, e := range opening {
		// A file begins with what it shows, so a name would say it twice.
		tabs = append(tabs, explorer.Example{Query: e.Query, Variables: e.Variables})
	}
	return tabs
}
