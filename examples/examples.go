// Package examples holds example GraphQL operations: one in each file, with a comment
// on what it shows and, if it takes variables, a .json file of values that work on the
// demo.
//
// They are documentation, the queries with which the explorer opens, and a test of the
// API (TestExamples in package demo), which keeps them correct.
package examples

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

//go:embed *.graphql *.json
var files embed.FS

// An Example is one operation.
type Example struct {
	Name      string // the name of the file without .graphql: "newest"
	Title     string // the first sentence of its comment
	Query     string // the whole file, with the comment
	Variables string // JSON; empty if it takes none
}

// All returns the examples in the order of their names.
func All() ([]Example, error) {
	names, err := fs.Glob(files, "*.graphql")
	if err != nil {
		return nil, err
	}
	all := make([]Example, 0, len(names))
	for _, file := range names {
		query, err := files.ReadFile(file)
		if err != nil {
			return nil, err
		}
		e := Example{Name: strings.TrimSuffix(file, ".graphql"), Query: string(query)}
		if e.Title = title(e.Query); e.Title == "" {
			return nil, fmt.Errorf("examples: %s does not begin with a comment", file)
		}
		variables, err := files.ReadFile(e.Name + ".json")
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		e.Variables = strings.TrimSpace(string(variables))
		all = append(all, e)
	}
	return all, nil
}

// opening are the examples with which the explorer opens, in order.
var opening = []string{
	"newest", "one", "filtered", "entity", "ownership-chain", "narrative-tree", "legal-timeline", "edition",
	"preview", "create-report", "publish",
}

// Opening returns the examples with which the explorer opens, in order.
func Opening() ([]Example, error) {
	all, err := All()
	if err != nil {
		return nil, err
	}
	few := make([]Example, 0, len(opening))
	for _, name := range opening {
		i := slices.IndexFunc(all, func(e Example) bool { return e.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("examples: there is no %s.graphql", name)
		}
		few = append(few, all[i])
	}
	return few, nil
}

// title returns the first sentence of the comment at the head of a file.
func title(query string) string {
	var comment []string
	for line := range strings.Lines(query) {
		text, ok := strings.CutPrefix(line, "#")
		if !ok {
			break
		}
		comment = append(comment, strings.TrimSpace(text))
	}
	sentence, _, _ := strings.Cut(strings.Join(comment, " ")+" ", ". ")
	return strings.TrimSuffix(strings.TrimSpace(sentence), ".")
}
