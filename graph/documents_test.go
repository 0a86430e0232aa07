package graph_test

import (
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// The documents that were promised to work as they are.
const (
	documentNewest = `query Newest { reports(first: 20, orderBy: {field: PUBLISHED_AT, direction: DESC}) {
  totalCount pageInfo { hasNextPage endCursor }
  nodes { id slug title summary publishedAt tags { slug label } entities(first: 20) { nodes { slug name kind } } } } }`

	documentOne = `query One($slug: String!) { report(slug: $slug) { title question language marking publishedAt body(format: HTML)
  footnotes { number anchor text source { title url } } tags { slug } entities(first: 50) { nodes { slug name } } narratives(first: 10) { nodes { slug title claim } } } }`

	documentFiltered = `query Filtered($tag: String!, $entity: String!) { reports(first: 20, orderBy: {field: PUBLISHED_AT, direction: DESC},
  filter: {tags: {slug: {eq: $tag}}, entities: {slug: {eq: $entity}}, publishedAt: {lt: "2030-01-01T00:00:00Z"}}) { nodes { slug } } }`

	documentEntity = `query Entity($slug: String!) { entity(slug: $slug) { id name kind country names { text language kind } identifiers { scheme value }
  listings { authority programme since until source { title } }
  relationships(first: 20, direction: OUTGOING) { nodes { kind share since until confidence to { slug name } citations { quote source { title url } } } }
  reports(first: 5) { totalCount nodes { slug } } } }`

	documentPreview = `query Preview($slug: String!) @inContext(stage: DESK) { report(slug: $slug) { title version revisions(first: 5) { nodes { number message author createdAt } } } }`

	documentCreate = `mutation Create { createReport(input: {slug: "harbour-cranes", title: "Harbour cranes", kind: BRIEF, language: "en", summary: "…", body: "One claim.[^1]\n\n[^1]: See [[harborlight-mining]].",
  tags: ["supply-chain"], entities: ["harborlight-mining"]}) { report { id slug version } } }`

	documentPublish = `mutation Publish { publish(input: {documents: ["report:harbour-cranes"], references: INCLUDE, message: "first"}) { sequence published { __typename id } } }`
)

func TestDocumentsThatMustWork(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		a := newAPI(t, s)
		a.query(editor, `mutation { createTag(input: {slug: "supply-chain", label: "Supply chain", vocabulary: TOPIC}) { created } }`)
		a.query(editor, `mutation { createEntity(input: {slug: "harborlight-mining", name: "Harborlight Mining", kind: COMPANY, country: "ZM"}) { created } }`)

		for _, document := range []string{documentCreate, documentPublish} {
			a.as(public, document, nil).refused("UNAUTHENTICATED", "Authorization")
			a.as(partner, document, nil).refused("FORBIDDEN", "this credential has PARTNER")
		}
		created := a.query(author, documentCreate)
		if created.at("createReport.report.slug") != "harbour-cranes" || created.at("createReport.report.version") != 1.0 {
			t.Errorf("create: got %s", created.body)
		}
		if !strings.HasPrefix(created.at("createReport.report.id").(string), "rpt_") {
			t.Errorf("create: got %s", created.body)
		}
		a.as(author, documentPublish, nil).refused("FORBIDDEN", "EDITOR")
		released := a.query(editor, documentPublish)
		if got := released.list("publish.published", "__typename"); !strings.Contains(got, "Report") || !strings.Contains(got, "Entity") {
			t.Errorf("publish: got %s", released.body)
		}

		newest := a.query(public, documentNewest)
		if newest.at("reports.totalCount") != 1.0 || newest.at("reports.pageInfo.hasNextPage") != false ||
			newest.at("reports.nodes.0.tags.0.label") != "Supply chain" ||
			newest.at("reports.nodes.0.entities.nodes.0.name") != "Harborlight Mining" {
			t.Errorf("newest: got %s", newest.body)
		}
		one := a.as(public, documentOne, vars{"slug": "harbour-cranes"}).ok()
		if one.at("report.footnotes.0.anchor") != "fn-1" || one.at("report.footnotes.0.source") != nil ||
			!strings.Contains(one.at("report.body").(string), `href="/entities/harborlight-mining"`) {
			t.Errorf("one: got %s", one.body)
		}
		filtered := a.as(public, documentFiltered, vars{"tag": "supply-chain", "entity": "harborlight-mining"}).ok()
		if filtered.at("reports.nodes.0.slug") != "harbour-cranes" {
			t.Errorf("filtered: got %s", filtered.body)
		}
		entity := a.as(public, documentEntity, vars{"slug": "harborlight-mining"}).ok()
		if entity.at("entity.reports.totalCount") != 1.0 || entity.at("entity.country") != "ZM" {
			t.Errorf("entity: got %s", entity.body)
		}
		a.as(public, documentPreview, vars{"slug": "harbour-cranes"}).refused("UNAUTHENTICATED", "key")
		preview := a.as(author, documentPreview, vars{"slug": "harbour-cranes"}).ok()
		if preview.at("report.revisions.nodes.0.author") != "ana" {
			t.Errorf("preview: got %s", preview.body)
		}
	})
}
