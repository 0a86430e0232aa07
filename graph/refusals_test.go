package graph_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// Dates of what has happened are not in the future, and no date is beyond belief. All that is wrong comes at once, by the fields.
func TestDatesThatCannotBe(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		a.query(author, `mutation { createNarrative(input: {slug: "story", title: "Story", claim: "C", status: ACTIVE}) { created } }`).ok()
		r := a.as(author, `mutation { updateNarrative(input: {id: "story", firstObserved: "9999", lastObserved: "2190-01", observations: [
			{observedOn: "2190-05-06", description: "A."}, {observedOn: "0202-01-01", description: "B."}, {observedOn: "2024-05", description: "C."}]}) { changed } }`, nil)
		for path, message := range map[string]string{
			"firstObserved": "9999 is not a plausible date: want a year from 1000 to 2200", "lastObserved": "2190-01 is in the future",
			"observations[0].observedOn": "2190-05-06 is in the future", "observations[1].observedOn": "0202-01-01 is not a plausible date",
		} {
			if r.code() != "BAD_USER_INPUT" || !strings.Contains(r.body, fmt.Sprintf(`"path":%q,"message":"%s`, path, message)) {
				t.Errorf("%s: want %q in %s", path, message, r.body)
			}
		}
		for input, path := range map[string]string{
			`addObservation(input: {narrative: "story", observedOn: "2190", description: "D"}) { changed }`:                             `"path":"observedOn","message":"2190 is in the future`,
			`createSource(input: {slug: "s", title: "S", accessed: "2190-01-01"}) { created }`:                                          `"path":"accessed"`,
			`createEntity(input: {slug: "e", kind: COMPANY, name: "E", startDate: "0019", endDate: "9999-12-31"}) { created }`:          `"path":"endDate"`,
			`createEntity(input: {slug: "l", kind: COMPANY, name: "L", listings: [{authority: "A", until: "9999-12-31"}]}) { created }`: `"path":"listings[0].until"`,
		} {
			if r := a.as(author, `mutation { `+input+` }`, nil); r.code() != "BAD_USER_INPUT" || !strings.Contains(r.body, path) {
				t.Errorf("%s: got %s", input, r.body)
			}
		}
		// An end that was agreed on, and a company that is old, are dates as others.
		a.query(author, `mutation { createEntity(input: {slug: "e", kind: COMPANY, name: "E", startDate: "1602-03-20", endDate: "2120"}) { created } }`).ok()
	})
}

// An error in the filter of a list is at the place that the client has written, whatever the list adds to it.
func TestErrorsNameWhatWasWritten(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		a.query(editor, `mutation { createNarrative(input: {slug: "story", title: "Story", claim: "C", status: ACTIVE}) { created } publish(input: {documents: ["narrative:story"]}) { state } }`).ok()
		const wrong = `observations(filter: {narrative: {id: {eq: "none"}}, or: [{platform: {id: {in: ["nor"]}}}]}) { totalCount }`
		for _, query := range []string{`{ ` + wrong + ` }`, `{ narrative(slug: "story") { ` + wrong + ` } }`} {
			r := a.as(public, query, nil)
			for _, path := range []string{`"path":"filter.narrative.id.eq"`, `"path":"filter.or[0].platform.id.in`} {
				if r.code() != "BAD_USER_INPUT" || !strings.Contains(r.body, path) {
					t.Errorf("%s: want %s in %s", query, path, r.body)
				}
			}
		}
	})
}

// What narratives in live were seen on stays a platform in live, also when the desk is ahead of it.
func TestPlatformsInLive(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		a.query(editor, `mutation { p: createEntity(input: {slug: "board", kind: PLATFORM, name: "Board"}) { created } w: createEntity(input: {slug: "works", kind: COMPANY, name: "Works"}) { created }
			n: createNarrative(input: {slug: "story", title: "Story", claim: "C", status: ACTIVE, observations: [{observedOn: "2020-02-03", platform: "board", description: "One."}]}) { created }
			publish(input: {documents: ["entity:board", "entity:works", "narrative:story"]}) { state } }`).ok()
		// On the desk the narrative is no longer seen there, and the platform is a company.
		a.query(editor, `mutation { updateNarrative(input: {id: "story", observations: [{observedOn: "2020-02-03", description: "One."}]}) { changed }
			updateEntity(input: {id: "board", kind: COMPANY}) { changed } }`).ok()
		publish := func(documents string) *response {
			return a.as(editor, `mutation { publish(input: {documents: [`+documents+`]}) { state } }`, nil)
		}
		const stays = "entity:board is no longer a PLATFORM, and in live observations are on it: publish or unpublish narrative:story as well"
		if r := publish(`"entity:board"`); r.code() != "BAD_USER_INPUT" || !strings.Contains(r.body, stays) {
			t.Errorf("a platform with observations in live is published as a company: %s", r.body)
		}
		if r := a.as(editor, `mutation { mergeEntities(input: {from: ["board"], into: "works", allowKindChange: true}) { changed } }`, nil); r.code() != "CONFLICT" ||
			!strings.Contains(r.body, "in live it is a PLATFORM and observations are on it: narrative:story") {
			t.Errorf("a platform with observations in live is merged into a company: %s", r.body)
		}
		// An older version of the narrative was seen on what is a company now.
		if r := a.as(editor, `mutation { restoreRevision(input: {document: "narrative:story", revision: 1}) { changed } }`, nil); r.code() != "BAD_USER_INPUT" || !strings.Contains(r.body, `"path":"observations[0].platform"`) {
			t.Errorf("an observation on a company came back: %s", r.body)
		}
		a.as(editor, `mutation { publish(input: {documents: ["entity:board", "narrative:story"]}) { state } }`, nil).ok()

		// The other way round: the platform is one on the desk, and a company in live.
		a.query(editor, `mutation { updateEntity(input: {id: "board", kind: PLATFORM}) { changed }
			addObservation(input: {narrative: "story", observedOn: "2021", platform: "board", description: "D"}) { changed } }`).ok()
		if r := publish(`"narrative:story"`); r.code() != "BAD_USER_INPUT" || !strings.Contains(r.body, "narrative:story has observations on entity:board, which in live is a COMPANY: publish that as well") {
			t.Errorf("an observation on what is a company in live: %s", r.body)
		}
		publish(`"narrative:story", "entity:board"`).ok()
	})
}

// A refusal has the marking of the documents that it names.
func TestMarkingOfRefusals(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		a.query(editor, `mutation { s: createSource(input: {slug: "ledger", title: "L"}) { created }
			p: createEntity(input: {slug: "board", kind: PLATFORM, name: "Board"}) { created } w: createEntity(input: {slug: "works", kind: COMPANY, name: "Works"}) { created }
			x: createEntity(input: {slug: "hidden-works", kind: COMPANY, name: "X", marking: RED, listings: [{authority: "A", citations: [{source: "ledger"}, {source: "ledger", locator: "p. 2"}]}]}) { created }
			n: createNarrative(input: {slug: "story", title: "Story", claim: "C", status: ACTIVE, marking: RED, targets: ["works"], observations: [{observedOn: "2020-02-03", platform: "board", description: "One."}]}) { created }
			publish(input: {documents: ["entity:hidden-works"]}) { state } }`).ok()
		for mutation, want := range map[string]string{
			`withdrawSource(input: {id: "ledger"}) { withdrawn }`:                                                              "entity:hidden-works",
			`deleteEntity(input: {id: "works"}) { deletedId }`:                                                                 "narrative:story",
			`updateEntity(input: {id: "board", kind: COMPANY}) { changed }`:                                                    "narrative:story",
			`mergeEntities(input: {from: ["board"], into: "works", allowKindChange: true}) { changed }`:                        "narrative:story",
			`updateNarrative(input: {id: "story", version: 7, title: "Another"}) { changed }`:                                  "narrative:story",
			`createReport(input: {slug: "r", title: "R", kind: BRIEF, language: "en", entities: ["hidden-work"]}) { created }`: "hidden-works",
			`unpublish(input: {documents: ["narrative:story"]}) { state }`:                                                     "narrative:story",
		} {
			r := a.send(editor, http.MethodPost, vars{"query": `mutation { ` + mutation + ` }`})
			if r.code() == "" || !strings.Contains(r.body, want) || r.marking() != "RED" {
				t.Errorf("%s: got the marking %s, want RED, and %q in %s", mutation, r.marking(), want, r.body)
			}
		}
		if r := a.send(editor, http.MethodPost, vars{"query": `mutation { updateEntity(input: {id: "works", homepage: "x"}) { changed } }`}); r.code() == "" || r.marking() != "AMBER_STRICT" {
			t.Errorf("a refusal that names nothing: got the marking %s of %s", r.marking(), r.body)
		}
		// A claim that cites a source twice is one, with two citations.
		r := a.query(editor, `mutation { withdrawSource(input: {id: "ledger", preview: true}) { claimCount citationCount claims { citations } } }`).ok()
		if got := fmt.Sprint(r.at("withdrawSource.claimCount"), r.at("withdrawSource.citationCount"), r.at("withdrawSource.claims.0.citations")); got != "1 2 2" {
			t.Errorf("a claim with two citations: got %s", got)
		}
	})
}
