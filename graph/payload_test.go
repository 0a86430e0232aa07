package graph_test

import (
	"fmt"
	"testing"
)

// Of two saves in one operation the second fails: the answer has the first, null
// for the second, and one error at its path.
func TestOneSaveOfTwoFails(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		r := a.as(author, `mutation {
			first: createTag(input: {slug: "quays", label: "Quays", vocabulary: TOPIC}) { created tag { slug } }
			second: createTag(input: {slug: "quays", label: "Again", vocabulary: TOPIC}) { created tag { slug } }
			third: createTag(input: {slug: "locks", label: "Locks", vocabulary: TOPIC}) { created tag { slug } }
		}`, nil)
		if got, want := r.data(), `{"first":{"created":true,"tag":{"slug":"quays"}},"second":null,"third":{"created":true,"tag":{"slug":"locks"}}}`; got != want {
			t.Errorf("got data %s, want %s", got, want)
		}
		if len(r.Errors) != 1 || fmt.Sprint(r.Errors[0].Path) != "[second]" {
			t.Errorf("got %s, want one error at second", r.body)
		}
		r.refused("BAD_USER_INPUT", "is the slug of tag:quays")
		tags := a.query(author, `query @inContext(stage: DESK) { a: tag(slug: "quays") { label } b: tag(slug: "locks") { label } }`)
		if tags.at("a.label") != "Quays" || tags.at("b.label") != "Locks" {
			t.Errorf("got %s", tags.body)
		}
	})
}

// A publication that has nothing to do has no place in the log.
func TestAPublicationOfNothingHasNoSequence(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		const publish = `mutation { publish(input: {documents: ["report:bravo"]}) { sequence state published { slug } unpublished { slug } } }`
		r := a.query(editor, publish)
		if r.at("publish.sequence") != nil || r.at("publish.state") != "APPLIED" || r.list("publish.published", "slug") != "" {
			t.Errorf("got %s, want no sequence", r.body)
		}
		last := a.query(author, `{ publicationLog(first: 1) { nodes { sequence } } }`).at("publicationLog.nodes.0.sequence").(float64)
		a.query(author, `mutation { updateReport(input: {id: "bravo", subtitle: "Sub"}) { changed } }`)
		if r = a.query(editor, publish); r.at("publish.sequence") != last+1 {
			t.Errorf("got %s, want the sequence %v", r.body, last+1)
		}
		if r = a.query(editor, `mutation { release(input: {publish: ["report:bravo"]}) { sequence } }`); r.at("release.sequence") != nil {
			t.Errorf("got %s, want no sequence", r.body)
		}
	})
}

// Another order shows in the API, and an upsert with an old version says so.
func TestAnotherOrderInTheAPI(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		a.query(author, `mutation {
			one: createTag(input: {slug: "one", label: "One", vocabulary: TOPIC}) { created }
			two: createTag(input: {slug: "two", label: "Two", vocabulary: TOPIC}) { created }
			make: upsertReport(input: {slug: "order", version: 0, title: "Order", kind: BRIEF, language: "en", tags: ["one", "two"]}) { created }
			turn: upsertReport(input: {slug: "order", version: 1, tags: ["two", "one"]}) { changed }
		}`)
		r := a.query(author, `query @inContext(stage: DESK) { one: tag(slug: "one") { id } two: tag(slug: "two") { id }
			report(slug: "order") { version revisions(first: 1) { nodes { diff { path kind before after } } } } }`)
		one, two := r.at("one.id"), r.at("two.id")
		for path, want := range map[string]any{"path": "tags", "kind": "REORDERED", "before": []any{one, two}, "after": []any{two, one}} {
			if got := r.at("report.revisions.nodes.0.diff.0." + path); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: got %v, want %v", path, got, want)
			}
		}
		late := a.as(author, `mutation { upsertReport(input: {slug: "order", version: 1, tags: ["one"]}) { changed } }`, nil)
		late.refused("CONFLICT", "report:order is at version 2, not 1")
		late.refused("CONFLICT", "tags: was put in another order between version 1 and version 2")
		a.as(author, `mutation { upsertReport(input: {slug: "no-such-report", version: 1, tags: []}) { changed } }`, nil).
			refused("CONFLICT", "there is no report:no-such-report")
	})
}

// Payloads of saves and restores warn, with the documents that they are about,
// which are read at once.
func TestPayloadsWarn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		r := a.query(author, `mutation {
			make: createEntity(input: {slug: "made", name: "Made Up", kind: COMPANY, names: [{text: "Invented", kind: ALIAS}]}) { warnings { code } }
			again: createEntity(input: {slug: "made-2", name: "made up", kind: COMPANY, names: [{text: "INVENTED", kind: ALIAS}]}) {
				warnings { code path message documents { __typename slug version } } }
			series: createSeries(input: {slug: "loose", title: "Loose", cadence: WEEKLY, language: "en"}) { created }
			edition: createEdition(input: {slug: "loose", series: "loose", number: 1, title: "Loose", language: "en", items: [{headline: "H", summary: "S."}]}) {
				warnings { code path documents { slug } } }
			restored: restoreRevision(input: {document: "entity:made-2", revision: 1}) { changed warnings { code } }
		}`)
		for path, want := range map[string]any{
			"make.warnings": "[]", "again.warnings.0.code": "SAME_NAME", "again.warnings.0.path": "name", "again.warnings.0.message": "entity:made has the same name",
			"again.warnings.0.documents.0.__typename": "Entity", "again.warnings.0.documents.0.slug": "made", "again.warnings.0.documents.0.version": 1.0,
			"again.warnings.1.path": "names[0]", "edition.warnings.0.code": "NOT_CITED", "edition.warnings.0.path": "items[0]", "edition.warnings.0.documents": "[]",
			"restored.changed": false, "restored.warnings.1.code": "SAME_NAME",
		} {
			if got := r.at(path); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: got %v, want %v", path, got, want)
			}
		}
		others := a.query(editor, `mutation {
			publish(input: {documents: ["report:bravo"]}) { warnings { code } }
			mergeEntities(input: {from: ["made-2"], into: "made"}) { warnings { code } }
			deleteEdition(input: {id: "loose"}) { deletedId }
			undelete(input: {document: "edition:loose"}) { warnings { code } }
		}`)
		for _, field := range []string{"publish", "mergeEntities", "undelete"} {
			if got, ok := others.at(field + ".warnings").([]any); !ok || len(got) != 0 {
				t.Errorf("%s: got %s", field, others.body)
			}
		}
	})
}
