package graph_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestRevisions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		a.query(author, `mutation { updateReport(input: {id: "echo", title: "Echo, again", tags: [], message: "Shorter."}) { changed created } }`)
		r := a.query(author, `query @inContext(stage: DESK) { report(slug: "echo") { version createdBy updatedBy liveVersion publishedAt
			revisions(first: 1) { totalCount nodes { number message author snapshot diff { path before after } } pageInfo { hasNextPage endCursor } }
			all: revisions { nodes { number diff(against: 0) { path } } } liveDiff { path } } }`)
		for path, want := range map[string]any{
			"report.version": 2.0, "report.createdBy": "edo", "report.updatedBy": "ana", "report.liveVersion": nil, "report.publishedAt": nil,
			"report.revisions.totalCount": 2.0, "report.revisions.nodes.0.number": 2.0, "report.revisions.nodes.0.message": "Shorter.",
			"report.revisions.nodes.0.author": "ana", "report.revisions.pageInfo.hasNextPage": true, "report.all.nodes.1.number": 1.0,
		} {
			if got := r.at(path); got != want {
				t.Errorf("%s: got %v, want %v", path, got, want)
			}
		}
		if got := r.list("report.revisions.nodes.0.diff", "path"); !strings.Contains(got, "title") || !strings.Contains(got, "tags") {
			t.Errorf("diff: got %q", got)
		}
		if _, ok := r.at("report.revisions.nodes.0.snapshot").(map[string]any); !ok {
			t.Errorf("the snapshot is no object: %s", r.body)
		}
		restored := a.query(author, `mutation { restoreRevision(input: {document: "report:echo", revision: 1, version: 2}) { changed document { __typename version ... on Report { title tags { slug } } } } }`)
		if restored.at("restoreRevision.document.title") != "Echo" || restored.at("restoreRevision.document.tags.0.slug") != "ports" {
			t.Errorf("restored: %s", restored.body)
		}
		a.as(author, `mutation { updateReport(input: {id: "echo", version: 1, title: "Late"}) { changed } }`, nil).refused("CONFLICT", "version 3")
	})
}

func TestFormerSlugsAndIDs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		old := a.query(public, `{ entity(slug: "port-ltd") { id } }`).at("entity.id")
		a.query(editor, `mutation { updateEntity(input: {id: "port-ltd", slug: "harbour-ltd"}) { entity { slug formerSlugs } } }`)
		a.query(editor, `mutation { publish(input: {documents: ["entity:harbour-ltd"], references: INCLUDE}) { state published { slug } } }`)
		for _, slug := range []string{"port-ltd", "harbour-ltd"} {
			if got := a.as(public, `query($s: String) { entity(slug: $s) { slug } }`, vars{"s": slug}).ok().at("entity.slug"); got != "harbour-ltd" {
				t.Errorf("%s: got %v", slug, got)
			}
		}
		r := a.query(author, `query @inContext(stage: DESK) { entity(slug: "port-ltd") { formerSlugs } report(slug: "bravo") { formerSlugs body(format: HTML) } }`)
		if fmt.Sprint(r.at("entity.formerSlugs"), r.at("report.formerSlugs")) != "[port-ltd] []" {
			t.Errorf("got %s", r.body)
		}
		// A text that names the old slug links to the new one.
		if html := a.query(public, `{ report(slug: "bravo") { body(format: HTML) } }`).at("report.body").(string); !strings.Contains(html, `href="/entities/harbour-ltd"`) {
			t.Errorf("got %s", html)
		}

		a.query(editor, `mutation { mergeEntities(input: {from: ["harbour-ltd"], into: "crane-works"}) { changed entity { slug formerSlugs } } }`)
		merged := a.as(public, `query($id: ID!) { a: entity(id: $id) { slug } b: node(id: $id) { ... on Entity { slug } } c: nodes(ids: [$id, $id]) { id } d: entity(slug: "port-ltd") { slug } }`, vars{"id": old}).ok()
		for _, path := range []string{"a.slug", "b.slug", "d.slug"} {
			if got := merged.at(path); got != "crane-works" {
				t.Errorf("%s: got %v", path, got)
			}
		}
	})
}

func TestPendingChanges(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		a.query(author, `mutation { updateReport(input: {id: "bravo", subtitle: "Sub"}) { changed } }`)
		// By id, which says nothing about the time within a millisecond.
		const page = `query($c: String) { pendingChanges(types: [REPORT], first: 1, after: $c) { nodes { state version liveVersion document { slug liveDiff { path after } } } edges { cursor } pageInfo { hasNextPage hasPreviousPage endCursor } } none: pendingChanges(types: []) { nodes { state } } }`
		first := a.as(author, page, nil).ok()
		second := a.as(author, page, vars{"c": first.at("pendingChanges.pageInfo.endCursor")}).ok()
		if first.at("pendingChanges.pageInfo.hasNextPage") != true || second.at("pendingChanges.pageInfo.hasNextPage") != false {
			t.Errorf("got %s and %s", first.body, second.body)
		}
		got := map[any]string{}
		for _, r := range []*response{first, second} {
			const node = "pendingChanges.nodes.0."
			got[r.at(node+"document.slug")] = fmt.Sprint(r.at(node+"state"), r.at(node+"version"), r.at(node+"liveVersion"), " ", r.list(node+"document.liveDiff", "path"))
		}
		if got["bravo"] != "CHANGED2 1 subtitle" || !strings.HasPrefix(got["echo"], "NEW1 <nil> ") {
			t.Errorf("got %q", got)
		}
		a.as(author, `{ pendingChanges(first: 500) { nodes { state } } }`, nil).refused("BAD_USER_INPUT", "first: 500")
		a.as(author, `{ pendingChanges(after: "x") { nodes { state } } }`, nil).refused("BAD_USER_INPUT", "after: this is no cursor")
	})
}

func TestPublicationLog(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		a.query(editor, `mutation { unpublish(input: {documents: ["report:charlie"], message: "Wrong."}) { sequence state unpublished { slug } } }`)
		r := a.query(author, `{ publicationLog(first: 1) { totalCount nodes { sequence release action revision actor message documentId document { slug } at publishedAt } pageInfo { hasNextPage endCursor } } }`)
		for path, want := range map[string]any{"action": "UNPUBLISH", "revision": nil, "actor": "edo", "message": "Wrong.", "document.slug": "charlie"} {
			if got := r.at("publicationLog.nodes.0." + path); got != want {
				t.Errorf("%s: got %v, want %v", path, got, want)
			}
		}
		if r.at("publicationLog.totalCount") != r.at("publicationLog.nodes.0.sequence") {
			t.Errorf("got %s", r.body)
		}
		of := a.as(author, `query($id: ID!) { publicationLog(documents: [$id]) { totalCount nodes { action revision } edges { cursor node { action } } } none: publicationLog(documents: []) { totalCount } }`,
			vars{"id": r.at("publicationLog.nodes.0.documentId")}).ok()
		if got := of.list("publicationLog.nodes", "action"); got != "UNPUBLISH PUBLISH" || of.at("none.totalCount") != 0.0 {
			t.Errorf("got %s", of.body)
		}
		if got := a.query(public, `{ report(slug: "charlie") { title } }`).at("report"); got != nil {
			t.Errorf("it is still live: %v", got)
		}
	})
}

func TestSchedules(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		at := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
		var ids []any
		for i := range 3 {
			r := a.as(editor, `mutation($at: DateTime!) { schedulePublication(input: {documents: ["report:echo"], at: $at, references: INCLUDE, message: "soon"}) { schedule { id action at documents references message status createdBy } } }`,
				vars{"at": at.AddDate(0, 0, -i).Format(time.RFC3339)}).ok()
			ids = append(ids, r.at("schedulePublication.schedule.id"))
			if r.at("schedulePublication.schedule.status") != "PENDING" || r.at("schedulePublication.schedule.action") != "PUBLISH" {
				t.Errorf("got %s", r.body)
			}
		}
		cancelled := a.as(editor, `mutation($id: ID!) { cancelSchedule(input: {id: $id}) { schedule { status doneAt } } }`, vars{"id": ids[0]}).ok()
		if cancelled.at("cancelSchedule.schedule.status") != "CANCELLED" {
			t.Errorf("got %s", cancelled.body)
		}
		r := a.query(author, `{ schedules(statuses: [PENDING], first: 1) { totalCount nodes { at } pageInfo { hasNextPage } } all: schedules { totalCount } }`)
		if r.at("schedules.totalCount") != 2.0 || r.at("schedules.nodes.0.at") != "2029-12-30T00:00:00Z" || r.at("all.totalCount") != 3.0 {
			t.Errorf("got %s", r.body)
		}
		warned := a.as(editor, `mutation { schedulePublication(input: {action: UNPUBLISH, documents: ["report:echo"], at: "2029-01-01T00:00:00Z"}) { warnings schedule { warnings } } }`, nil).ok()
		first, _ := warned.at("schedulePublication.warnings.0").(string)
		if !strings.Contains(first, "is not live") || warned.at("schedulePublication.schedule.warnings.0") != first {
			t.Errorf("got %s", warned.body)
		}
		r = a.query(author, `{ schedules(statuses: [PENDING]) { nodes { references warnings } } done: schedules(statuses: [CANCELLED]) { nodes { warnings } } }`)
		if r.at("schedules.nodes.0.warnings.0") != first || strings.Count(r.body, `"warnings":[]`) != 3 {
			t.Errorf("got %s", r.body)
		}
		a.as(editor, `mutation { cancelSchedule(input: {id: "echo"}) { schedule { status } } }`, nil).refused("BAD_USER_INPUT", "not the id of a schedule")
		a.as(author, `mutation($id: ID!) { cancelSchedule(input: {id: $id}) { schedule { status } } }`, vars{"id": ids[1]}).refused("FORBIDDEN", "EDITOR")
	})
}

func TestTrash(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		a.query(editor, `mutation { a: createTag(input: {slug: "gone-tag", label: "Gone", vocabulary: TOPIC}) { created } b: createSource(input: {slug: "gone-source", title: "Gone source"}) { created } }`)
		a.query(editor, `mutation { a: deleteTag(input: {id: "gone-tag"}) { deletedId } b: deleteReport(input: {id: "echo", version: 1}) { deletedId } c: deleteSource(input: {id: "gone-source"}) { deletedId } }`)
		a.as(editor, `mutation { deleteReport(input: {id: "bravo"}) { deletedId } }`, nil).refused("CONFLICT", "live")
		r := a.query(author, `{ trash(first: 2) { nodes { id type slug name version deletedAt deletedBy } pageInfo { hasNextPage endCursor } } tags: trash(types: [TAG]) { nodes { name } } none: trash(types: []) { nodes { name } } }`)
		if got := r.list("trash.nodes", "slug") + " " + r.list("trash.nodes", "type"); got != "gone-source echo SOURCE REPORT" {
			t.Errorf("got %q", got)
		}
		if r.list("tags.nodes", "name") != "Gone" || r.list("none.nodes", "name") != "" || r.at("trash.nodes.0.deletedBy") != "edo" {
			t.Errorf("got %s", r.body)
		}
		rest := a.as(author, `query($c: String) { trash(after: $c) { edges { node { slug } } pageInfo { hasNextPage } } }`, vars{"c": r.at("trash.pageInfo.endCursor")}).ok()
		if rest.at("trash.edges.0.node.slug") != "gone-tag" || rest.at("trash.pageInfo.hasNextPage") != false {
			t.Errorf("got %s", rest.body)
		}
		gone := a.query(author, `query @inContext(stage: DESK) { report(slug: "echo") { title } tags(filter: {slug: {eq: "gone-tag"}}) { totalCount } }`)
		if gone.at("report") != nil || gone.at("tags.totalCount") != 0.0 {
			t.Errorf("got %s", gone.body)
		}
		back := a.query(author, `mutation { undelete(input: {document: "report:echo"}) { changed document { slug version } } }`)
		if back.at("undelete.document.slug") != "echo" {
			t.Errorf("got %s", back.body)
		}
	})
}

func TestSaves(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		// The answer to a mutation is the desk's, whatever the stage says.
		r := a.query(author, `mutation @inContext(stage: LIVE) { createReport(input: {title: "New one", kind: BRIEF, language: "en", body: "Text.", tags: ["ports"]}) { created changed report { slug body tags { slug reports { totalCount } } createdBy } } }`)
		if r.at("createReport.report.slug") != "new-one" || r.at("createReport.report.tags.0.reports.totalCount") != 4.0 || r.at("createReport.report.createdBy") != "ana" {
			t.Errorf("got %s", r.body)
		}
		same := a.query(author, `mutation { upsertReport(input: {slug: "new-one", title: "New one"}) { created changed report { version } } }`)
		if same.at("upsertReport.changed") != false || same.at("upsertReport.created") != false || same.at("upsertReport.report.version") != 1.0 {
			t.Errorf("got %s", same.body)
		}
		// Absent is unchanged, null clears.
		cleared := a.as(author, `mutation($in: UpdateReportInput!) { updateReport(input: $in) { changed report { title subtitle body keyFindings } } }`,
			vars{"in": vars{"id": "new-one", "body": nil, "keyFindings": []string{"A"}}}).ok()
		if cleared.at("updateReport.report.title") != "New one" || cleared.at("updateReport.report.body") != "" || fmt.Sprint(cleared.at("updateReport.report.keyFindings")) != "[A]" {
			t.Errorf("got %s", cleared.body)
		}
		// All that is wrong is summaries at once.
		wrong := a.as(author, `mutation { createReport(input: {title: " ", kind: BRIEF, language: "xx-nonsense-tag-that-is-none", tags: ["no-such-tag"], body: "[^1]"}) { created } }`, nil)
		wrong.refused("BAD_USER_INPUT", "no-such-tag")
		if len(wrong.Errors[0].Extensions.Fields) < 4 {
			t.Errorf("got %s", wrong.body)
		}
		for _, of := range []string{"Narrative", "Entity", "Relationship", "Tag", "Source", "Edition", "Asset", "Report"} {
			plural := map[string]string{"Entity": "entities"}[of]
			if plural == "" {
				plural = strings.ToLower(of) + "s"
			}
			slug := a.query(author, `query @inContext(stage: DESK) { list: `+plural+`(first: 1) { nodes { slug } } }`).at("list.nodes.0.slug").(string)
			again := a.query(author, fmt.Sprintf(`mutation { upsert%s(input: {slug: %q}) { created changed doc: %s { slug } } }`, of, slug, strings.ToLower(of)))
			if again.at("upsert"+of+".changed") != false || again.at("upsert"+of+".doc.slug") != slug {
				t.Errorf("%s: got %s", of, again.body)
			}
		}
	})
}

func TestTexts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		r := a.query(author, `query @inContext(stage: DESK) { report(slug: "alpha") { markdown: body html: body(format: HTML) text: body(format: TEXT) outline { level text anchor } wordCount readingMinutes footnotes { number anchor locator source { slug } } mentions { nodes { slug } } hero { url size } attachments { slug } }
			tag(slug: "cranes") { description(format: HTML) } edition(slug: "weekly-7") { introduction(format: HTML) items { analysis(format: HTML) summary(format: TEXT) sources { slug } } } }`)
		html := r.at("report.html").(string)
		for _, want := range []string{`href="/entities/hidden-fund"`, ">a fund</a>", `id="start"`, `id="fn-1"`} {
			if !strings.Contains(html, want) {
				t.Errorf("no %s in %s", want, html)
			}
		}
		if !strings.HasPrefix(r.at("report.markdown").(string), "# Start") || strings.Contains(r.at("report.text").(string), "[[") {
			t.Errorf("got %s", r.body)
		}
		if got := r.list("report.outline", "anchor"); got != "start next" {
			t.Errorf("outline: %q", got)
		}
		if got := r.list("report.mentions.nodes", "slug"); got != "crane-works hidden-fund" {
			t.Errorf("mentions: %q", got)
		}
		if r.at("report.footnotes.0.source.slug") != "harbour-gazette" || r.at("report.footnotes.1.source") != nil || r.at("report.hero.size") != 5e9 {
			t.Errorf("got %s", r.body)
		}
		if !strings.Contains(r.at("tag.description").(string), `href="/entities/crane-works"`) || r.list("edition.items.0.sources", "slug") != "harbour-gazette company-register" {
			t.Errorf("got %s", r.body)
		}
		// The public gets the author's words without the link.
		public := a.query(public, `{ tag(slug: "cranes") { description(format: HTML) } }`)
		if !strings.Contains(public.body, "the maker") {
			t.Errorf("got %s", public.body)
		}
		var parsed any
		if err := json.Unmarshal([]byte(r.body), &parsed); err != nil {
			t.Error(err)
		}
	})
}

func TestPreviewOfAMerge(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		a.query(editor, `mutation { schedulePublication(input: {action: UNPUBLISH, documents: ["entity:port-ltd"], at: "2030-01-01T00:00:00Z"}) { schedule { id } } }`)
		const merge = `mutation($preview: Boolean!) { mergeEntities(input: {from: ["port-ltd"], into: "crane-works", preview: $preview}) {
			changed entity { slug formerSlugs } repointed { slug } removed { slug } unpublished { slug } cancelledSchedules { action } warnings { code } } }`
		var summaries []string
		for _, preview := range []bool{true, false} {
			r := a.as(editor, merge, vars{"preview": preview}).ok()
			const field = "mergeEntities."
			if r.at(field+"changed") != !preview {
				t.Errorf("preview %v: got %s", preview, r.body)
			}
			if got := fmt.Sprint(r.at(field + "entity.formerSlugs")); (got == "[port-ltd]") == preview {
				t.Errorf("preview %v: the entity has the former slugs %s", preview, got)
			}
			summaries = append(summaries, r.list(field+"repointed", "slug")+"/"+r.list(field+"removed", "slug")+"/"+r.list(field+"unpublished", "slug")+"/"+r.list(field+"cancelledSchedules", "action"))
		}
		if summaries[0] != summaries[1] || !strings.Contains(summaries[0], "port-ltd") || !strings.HasSuffix(summaries[0], "/UNPUBLISH") {
			t.Errorf("the preview said %q, and the merge %q", summaries[0], summaries[1])
		}
		a.as(author, merge, vars{"preview": true}).refused("FORBIDDEN", "")
	})
}
