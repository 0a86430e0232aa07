package graph_test

import (
	"fmt"
	"sync"
	"testing"
)

// The payload of a mutation is about that mutation, whatever others write while
// it is read.
func TestPayloadsShowTheirOwnWrite(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		const editors = 8
		got := make([]*response, editors)
		var writing sync.WaitGroup
		for i := range editors {
			writing.Go(func() {
				got[i] = a.as(author, `mutation($t: String!) { updateReport(input: {id: "echo", title: $t}) { changed report { title version revisions(first: 1) { nodes { number } } } } }`,
					vars{"t": fmt.Sprintf("Title %d", i)})
			})
		}
		writing.Wait()
		versions := map[any]bool{}
		for i, r := range got {
			r.ok()
			if title := r.at("updateReport.report.title"); title != fmt.Sprintf("Title %d", i) {
				t.Errorf("editor %d is shown %q", i, title)
			}
			version := r.at("updateReport.report.version")
			if version != r.at("updateReport.report.revisions.nodes.0.number") || versions[version] {
				t.Errorf("editor %d is shown the version %v: %s", i, version, r.body)
			}
			versions[version] = true
		}
	})
}

// Several mutations of one operation each show what they have left.
func TestPayloadsOfOneOperation(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		r := a.query(author, `mutation {
			one: updateReport(input: {id: "echo", title: "One"}) { report { title version } }
			two: updateReport(input: {id: "echo", title: "Two"}) { report { title version } }
			same: updateReport(input: {id: "echo", title: "Two"}) { changed report { title version } }
		}`)
		for path, want := range map[string]any{
			"one.report.title": "One", "one.report.version": 2.0, "two.report.title": "Two", "two.report.version": 3.0,
			"same.changed": false, "same.report.title": "Two", "same.report.version": 3.0,
		} {
			if got := r.at(path); got != want {
				t.Errorf("%s: got %v, want %v", path, got, want)
			}
		}
	})
}
