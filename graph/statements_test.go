package graph_test

import "testing"

// One statement for each selected edge at each level and one for each
// totalCount, however many rows there are.
func TestStatements(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		for _, tt := range []struct {
			name, document string
			variables      vars
			want           int64
		}{
			{"Newest", documentNewest, nil, 4}, // the page, its count, tags, entities
			{"Filtered for the first time", documentFiltered, vars{"tag": "asia", "entity": "crane-works"}, 2}, // the page, and what its conditions hold for
			{"Filtered", documentFiltered, vars{"tag": "asia", "entity": "crane-works"}, 1},
			// The report, links in its text, footnotes, tags, entities,
			// narratives; no source is named.
			{"One", documentOne, vars{"slug": "bravo"}, 6},
			// The entity, names, identifiers, listings, their citations and
			// sources; relationships, their ends, citations and sources;
			// reports and their count.
			{"Entity", documentEntity, vars{"slug": "crane-works"}, 12},
			{"Preview", documentPreview, vars{"slug": "alpha"}, 2},

			{"a count alone", `{ reports { totalCount } }`, nil, 1},
			{"nothing of a page", `{ reports { __typename } }`, nil, 0},
			{"edges, nodes and page info", `{ reports { edges { node { slug } cursor } nodes { title } pageInfo { endCursor } } }`, nil, 1},
			{"tags through edges", `{ reports { edges { node { tags { slug } } } nodes { tags { label } } } }`, nil, 2},
			{"an edge in two fragments", `{ reports { nodes { ...A ...B } } } fragment A on Report { tags { slug } } fragment B on Document { ... on Report { tags { label } } }`, nil, 2},
			{"two aliases of a list", `{ reports { nodes { a: tags { slug } b: tags { label } } } }`, nil, 2},
			{"two aliases of a connection", `{ reports { nodes { a: entities(first: 1) { nodes { slug } } b: entities(first: 2) { nodes { slug } } } } }`, nil, 3},
			{"a shared row's own edges", `{ reports { nodes { entities { nodes { tags { slug parent { slug } } } } } } }`, nil, 4},
			{"nested counts", `{ entities { nodes { reports { totalCount } relationships { totalCount } } } }`, nil, 3},
			{"no hero", `{ report(slug: "bravo") { hero { slug } } }`, nil, 2}, // as for one that is not seen
			{"former slug", `{ report(slug: "nothing") { title } }`, nil, 2},
			{"bodies of a list", `{ reports { nodes { body outline { text } wordCount } } }`, nil, 1},
			{"HTML of a list", `{ reports { nodes { body(format: HTML) } } }`, nil, 2},
			{"text through a fragment", `{ reports { nodes { ...T } } } fragment T on Report { body(format: TEXT) }`, nil, 2},
			{"all forms of a list", `{ reports { nodes { h: body(format: HTML) n: body(format: HTML, notes: false) t: body(format: TEXT) outline { text } } } }`, nil, 2},
			{"notes of a list", `{ reports { nodes { footnotes { a: text(format: MARKDOWN) b: text(format: HTML) c: text } body(format: TEXT) } } }`, nil, 3},
			{"four levels", `{ tags(first: 5) { nodes { reports(first: 5) { nodes { entities(first: 5) { nodes { relationships(first: 5) { nodes { from { slug } to { slug } citations { source { slug } } } } } } } } } } }`, nil, 8},
			// The page; tags, entities, mentions, narratives, contributions with
			// theirs, footnotes, heroes, attachments; identifiers of entities
			// three times. No source is named.
			{"JSON-LD of a list", `{ reports { nodes { a: jsonLd b: jsonLd } } }`, nil, 13},
			// The page, tags, targets and amplifiers with identifiers, parents,
			// sightings with their platforms.
			{"JSON-LD of narratives", `{ narratives { nodes { jsonLd } } }`, nil, 9},
			{"items", `{ editions { nodes { items { summary(format: HTML) entities { slug } tags { slug } citations { quote } sources { slug } } } } }`, nil, 6},
		} {
			t.Run(tt.name, func(t *testing.T) {
				a := a.in(t)
				v := public
				if tt.name == "Preview" {
					v = author
				}
				r := a.as(v, tt.document, tt.variables).ok()
				if r.statements != tt.want {
					t.Errorf("got %d statements, want %d: %s", r.statements, tt.want, r.body)
				}
			})
		}
		ids := a.query(public, `{ reports { nodes { id } } entities { nodes { id } } }`)
		nodes := a.as(public, `query($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Report { tags { slug } } ... on Entity { tags { slug } } } }`,
			vars{"ids": []any{ids.at("reports.nodes.0.id"), ids.at("entities.nodes.0.id"), ids.at("reports.nodes.1.id"), ids.at("entities.nodes.1.id")}}).ok()
		if nodes.statements != 4 {
			t.Errorf("nodes: got %d statements, want 4", nodes.statements)
		}
		log := a.query(editor, `{ publicationLog(first: 50) { nodes { sequence document { slug } } edges { node { document { id } } } } }`)
		if log.statements > 18 {
			t.Errorf("publication log: got %d statements, want at most two for each type", log.statements)
		}
	})
}
