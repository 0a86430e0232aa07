package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// A share is exact, or a range: in what is written, read, compared, filtered and computed.
func TestShareRange(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		a := newAPI(t, s)
		a.owned("x(listed) a b t", `x OWNS a shareMin: 50 shareMax: 75.5`, `a OWNS t share: 40`, `b OWNS t shareMin: 25`, `x OWNS t shareMax: 20`)
		for filter, want := range map[string]string{
			`shareMin: {gte: 50}`:   "stake-0",
			`shareMax: {lt: 75.6}`:  "stake-0 stake-3",
			`shareMin: {eq: 25}`:    "stake-2",
			`share: {isNull: true}`: "stake-0 stake-2 stake-3",
		} {
			if got := a.query(public, `{ relationships(orderBy: {field: SLUG, direction: ASC}, filter: {`+filter+`}) { nodes { slug } } }`).list("relationships.nodes", "slug"); got != want {
				t.Errorf("%s: got %q, want %q", filter, got, want)
			}
		}
		const fields = `share shareMin shareMax`
		if got := a.query(public, `{ relationship(slug: "stake-0") { `+fields+` } }`).data(); got != `{"relationship":{"share":null,"shareMin":50,"shareMax":75.5}}` {
			t.Errorf("got %s", got)
		}
		// X holds 50 to 75.5 of A, so A counts with its 40 of T; X's own 0 to 20 decides, and what B leaves of T.
		r := a.query(public, `{ entity(slug: "t") { exposure(lists: [{authority: "OFAC"}], asOf: "2020-01-01") { verdict held { min max } open { step { owner { slug } doubts } } }
			owners(asOf: "2020-01-01") { stakes { share { min max } } } } }`)
		var open []string
		for _, stake := range r.at("entity.exposure.0.open").([]any) {
			open = append(open, fmt.Sprint(stake))
		}
		slices.Sort(open)
		if got := fmt.Sprint(r.at("entity.exposure.0.verdict"), " ", r.at("entity.exposure.0.held"), open); got !=
			"UNDETERMINED map[max:60 min:40] [map[step:map[doubts:[SHARE_RANGE] owner:map[slug:b]]] map[step:map[doubts:[SHARE_RANGE] owner:map[slug:x]]]]" {
			t.Errorf("got %s", got)
		}

		// A range is cleared by null and replaced by a share, which the revisions show.
		for _, tt := range []struct{ change, path, message string }{
			{`share: 60`, "shareMin", "null clears"},
			{`shareMax: 40`, "shareMax", "40 is less than shareMin (50)"},
			{`shareMax: 50`, "shareMax", "give share: 50"},
			{`kind: FUNDS`, "shareMin", "only a relationship of kind OWNS has a share"},
			{`shareMin: 100.5`, "shareMin", "from 0 to 100"},
		} {
			r := a.as(author, `mutation { updateRelationship(input: {id: "stake-0", `+tt.change+`}) { changed } }`, nil)
			r.refused("BAD_USER_INPUT", tt.path+": ")
			if !strings.Contains(r.body, tt.message) {
				t.Errorf("%s: got %s", tt.change, r.body)
			}
		}
		a.query(author, `mutation { updateRelationship(input: {id: "stake-0", share: 60, shareMin: null, shareMax: null}) { created } }`)
		diff := a.query(author, `query @inContext(stage: DESK) { relationship(slug: "stake-0") { `+fields+` liveDiff { path before after } } }`).data()
		for _, want := range []string{`"share":60,"shareMin":null,"shareMax":null`, `{"path":"shareMax","before":75.5,"after":null}`, `{"path":"shareMin","before":50,"after":null}`, `{"path":"share","before":null,"after":60}`} {
			if !strings.Contains(diff, want) {
				t.Errorf("got %s, want %s in it", diff, want)
			}
		}
		a.query(author, `mutation { restoreRevision(input: {document: "relationship:stake-0", revision: 1}) { document { id } } }`)
		if got := a.query(author, `query @inContext(stage: DESK) { relationship(slug: "stake-0") { `+fields+` } }`).data(); !strings.Contains(got, `"share":null,"shareMin":50,"shareMax":75.5`) {
			t.Errorf("restored: %s", got)
		}
	})
}
