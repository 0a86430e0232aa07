package graph_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// withStage sends an operation with values of the header Redthread-Stage. The status is
// that of the response as application/graphql-response+json.
func (a *api) withStage(v *domain.Viewer, document string, variables vars, stages ...string) (*response, *httptest.ResponseRecorder) {
	a.t.Helper()
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		a.t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(domain.WithViewer(a.t.Context(), v), http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/graphql-response+json")
	if len(stages) > 0 {
		r.Header["Redthread-Stage"] = stages
	}
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	out := &response{t: a.t, body: w.Body.String()}
	if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
		a.t.Fatalf("%v in %s", err, w.Body)
	}
	return out, w
}

// TestStageHeader: the header sets the stage as the directive does, and never gets what
// the cache has of another.
func TestStageHeader(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		k := newCachedAPI(t, s)
		k.createContent()
		const plain, onDesk, onLive = `{ reports { totalCount } }`, `query @inContext(stage: DESK) { reports { totalCount } }`, `query @inContext { reports { totalCount } }`
		live := k.query(author, plain).data()
		desk := k.query(author, onDesk).data()
		if live == desk {
			t.Fatalf("both stages have %s, so nothing was tested", live)
		}
		for range 2 { // the second time from the cache, where that is allowed
			for _, row := range []struct {
				document string
				stages   []string
				want     string
			}{
				{plain, nil, live}, {plain, []string{"LIVE"}, live}, {plain, []string{"DESK"}, desk}, {onDesk, []string{"DESK"}, desk},
				{onLive, []string{"LIVE"}, live}, {onLive, nil, live},
			} {
				got, w := k.withStage(author, row.document, nil, row.stages...)
				if got.ok().data() != row.want || !strings.Contains(strings.Join(w.Header()["Vary"], ","), "Redthread-Stage") {
					t.Errorf("%s with %v: got %s %v, want %s", row.document, row.stages, got.body, w.Header(), row.want)
				}
				if marked := w.Header().Get("TLP") == "TLP:AMBER+STRICT"; marked != (row.want == desk) {
					t.Errorf("%s with %v: marked %s", row.document, row.stages, w.Header().Get("TLP"))
				}
			}
		}
		for _, row := range []struct {
			document string
			stages   []string
			want     string
		}{
			{onDesk, []string{"LIVE"}, "the header Redthread-Stage is LIVE, and @inContext(stage:) is DESK"},
			{onLive, []string{"DESK"}, "the header Redthread-Stage is DESK, and @inContext(stage:) is LIVE"},
			{plain, []string{"desk"}, "the header Redthread-Stage: want LIVE or DESK, once"},
			{plain, []string{""}, "want LIVE or DESK, once"}, {plain, []string{"DRAFT"}, "want LIVE or DESK, once"},
			{plain, []string{"DESK", "DESK"}, "want LIVE or DESK, once"}, {plain, []string{"LIVE, LIVE"}, "want LIVE or DESK, once"},
			{`mutation { __typename }`, []string{"DRAFT"}, "want LIVE or DESK, once"},
			{`{ changes { head } }`, []string{"DESK"}, "the change feed is of what is live"},
		} {
			got, w := k.withStage(author, row.document, nil, row.stages...)
			got.refused("BAD_USER_INPUT", row.want)
			if w.Code != http.StatusBadRequest && !strings.Contains(row.document, "changes") {
				t.Errorf("%s with %v: got status %d", row.document, row.stages, w.Code)
			}
		}
		// The header gives no right that the directive doesn't.
		got, _ := k.withStage(public, plain, nil, "DESK")
		got.refused("UNAUTHENTICATED", "credential")
		got, _ = k.withStage(partner, plain, nil, "DESK")
		got.refused("FORBIDDEN", "AUTHOR")
		// A client that sets the header once can write.
		for _, stage := range []string{"LIVE", "DESK"} {
			got, _ := k.withStage(author, `mutation($l: String!) { createTag(input: {label: $l, vocabulary: TOPIC}) { created } }`, vars{"l": "By " + stage}, stage)
			got.ok()
		}
	})
}
