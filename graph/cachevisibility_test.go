package graph_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/server/respcache"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// cachedAPI is an API behind a response cache.
type cachedAPI struct {
	*api
	cached http.Handler
}

func newCachedAPI(t testing.TB, s *store.Stores) *cachedAPI {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	config := graph.Config{Stores: s, Desk: editorial.New(s, projection.New(s, log, time.Now).WithPatience(storetest.Patience), log, time.Now), Log: log, Meter: limits.NewMeter(time.Now)}
	k := &cachedAPI{api: &api{t: t, stores: s, handler: graph.Handler(config)}}
	k.cached = respcache.New(respcache.Config{Size: 8 << 20, Live: confirmed{config.Desk}, Quotas: limits.NewQuotas(config.Limits, config.Meter),
		Log: log, Now: time.Now}).Wrap(k.handler)
	k.handler = k.cached // also what staff send goes through it
	return k
}

const seen = `{ reports(first: 100, orderBy: {field: TITLE, direction: ASC}) { totalCount nodes { slug } } }`

// ask sends the query with a method.
func (k *cachedAPI) ask(v *domain.Viewer, method, ifNoneMatch string) *http.Response {
	k.t.Helper()
	target, body := "/graphql?query="+url.QueryEscape(seen), io.Reader(http.NoBody)
	if method == http.MethodPost {
		target, body = "/graphql", strings.NewReader(fmt.Sprintf(`{"query":%q}`, seen))
	}
	r := httptest.NewRequestWithContext(domain.WithViewer(k.t.Context(), v), method, target, body)
	r.Header.Set("Content-Type", "application/json")
	if ifNoneMatch != "" {
		r.Header.Set("If-None-Match", ifNoneMatch)
	}
	w := httptest.NewRecorder()
	k.cached.ServeHTTP(w, r)
	return w.Result()
}

// sees fails unless a viewer sees these reports and no others, with each method,
// also after the responses of others were cached.
func (k *cachedAPI) sees(v *domain.Viewer, theirTags map[string]bool, want ...string) {
	k.t.Helper()
	var slugs []string
	for _, slug := range want {
		slugs = append(slugs, fmt.Sprintf(`{"slug":%q}`, slug))
	}
	data := fmt.Sprintf(`{"data":{"reports":{"totalCount":%d,"nodes":[%s]}}`, len(want), strings.Join(slugs, ","))
	var own string
	for range 2 { // executed, and cached
		for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodHead} {
			res := k.ask(v, method, "")
			body, err := io.ReadAll(res.Body)
			if err != nil {
				k.t.Fatal(err)
			}
			if res.StatusCode != http.StatusOK || (method != http.MethodHead && !strings.HasPrefix(string(body), data)) || (method == http.MethodHead && len(body) > 0) {
				k.t.Errorf("%s of %s (TLP:%v): got %d %s, want %s", method, v.Role, v.Clearance, res.StatusCode, body, data)
			}
			if tag := res.Header.Get("ETag"); tag != "" {
				own = tag
			}
			if public := strings.Contains(res.Header.Get("Cache-Control"), "public"); public && v.Authenticated() {
				k.t.Errorf("%s of %s (TLP:%v) may be cached by others: %v", method, v.Role, v.Clearance, res.Header)
			}
		}
	}
	for tag := range theirTags {
		if res := k.ask(v, http.MethodGet, tag); res.StatusCode != http.StatusOK && tag != own {
			k.t.Errorf("%s (TLP:%v) got 304 for %s, the ETag of another response", v.Role, v.Clearance, tag)
		}
	}
	if res := k.ask(v, http.MethodGet, own); res.StatusCode != http.StatusNotModified {
		k.t.Errorf("%s (TLP:%v) has %s, and gets %d", v.Role, v.Clearance, own, res.StatusCode)
	}
	theirTags[own] = true
}

// No viewer gets a response that was cached for one with another clearance, and
// the next read shows a change.
func TestCachedResponsesByViewer(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		k := newCachedAPI(t, s)
		slugs, publish := []string{"r-clear", "r-green", "r-amber", "r-red"}, ""
		for i, slug := range slugs {
			marking := []string{"CLEAR", "GREEN", "AMBER", "RED"}[i]
			k.query(editor, fmt.Sprintf(`mutation { createReport(input: {slug: %q title: %[1]q kind: BRIEF language: "en" summary: "s" body: "b" marking: %s}) { report { id } } }`, slug, marking))
			publish += fmt.Sprintf(`"report:%s" `, slug)
		}
		viewers := []*domain.Viewer{public}
		for m := domain.Clear; m <= domain.Red; m++ {
			viewers = append(viewers, &domain.Viewer{Role: domain.Partner, Clearance: m, KeyID: domain.NewID(domain.Key, clockStart)})
		}
		viewers = append(viewers, &domain.Viewer{Role: domain.Public, KeyID: 1}, author, public)
		tags := map[string]bool{}
		everybody := func(marking map[string]domain.Marking) {
			t.Helper()
			for _, v := range viewers {
				var want []string
				for _, slug := range slugs {
					if m, ok := marking[slug]; ok && m <= v.Clearance {
						want = append(want, slug)
					}
				}
				slices.Sort(want)
				k.sees(v, tags, want...)
			}
		}
		everybody(nil)
		k.query(editor, `mutation { publish(input: {documents: [`+publish+`]}) { state } }`)
		marked := map[string]domain.Marking{"r-clear": domain.Clear, "r-green": domain.Green, "r-amber": domain.Amber, "r-red": domain.Red}
		everybody(marked)

		// A draft changes nothing, a publish does.
		k.query(editor, `mutation { updateReport(input: {id: "r-clear" marking: RED}) { changed } }`)
		everybody(marked)
		k.query(editor, `mutation { publish(input: {documents: ["report:r-clear"]}) { state } }`)
		marked["r-clear"] = domain.Red
		everybody(marked)
		k.query(editor, `mutation { unpublish(input: {documents: ["report:r-green"]}) { state } }`)
		delete(marked, "r-green")
		everybody(marked)
	})
}

// Of two processes over one database, one shows what the other publishes as
// soon as it has been notified.
func TestCachedResponsesOfTwoProcesses(t *testing.T) {
	t.Parallel()
	config := storetest.PostgresConfig(t)
	log := slog.New(slog.DiscardHandler)
	process := func() (*cachedAPI, *editorial.Desk) {
		s, err := store.Open(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		desk := editorial.New(s, projection.New(s, log, time.Now).WithPatience(storetest.Patience), log, time.Now)
		c := graph.Config{Stores: s, Desk: desk, Log: log, Meter: limits.NewMeter(time.Now)}
		k := &cachedAPI{api: &api{t: t, stores: s, handler: graph.Handler(c)}}
		cache := respcache.New(respcache.Config{Size: 8 << 20, Live: desk.Live(), Quotas: limits.NewQuotas(c.Limits, c.Meter), Log: log, Now: time.Now})
		k.cached = cache.Wrap(k.handler)
		ended := make(chan struct{})
		go func() { defer close(ended); _ = desk.Live().Run(t.Context()) }()
		t.Cleanup(func() { <-ended; _ = s.Close() })
		return k, desk
	}
	one, _ := process()
	two, desk := process()
	one.query(editor, `mutation { createReport(input: {slug: "r" title: "r" kind: BRIEF language: "en" summary: "s" body: "b"}) { report { id } } }`)
	// The first look is what makes a version known at all.
	for desk.Live().Version().ConfirmedAt.IsZero() {
		if t.Context().Err() != nil {
			t.Fatal("the desk does not look for a version")
		}
	}
	two.sees(public, map[string]bool{})
	for _, row := range []struct {
		act  string
		want []string
	}{{"publish", []string{"r"}}, {"unpublish", nil}} {
		before, began := desk.Live().Version(), time.Now()
		one.query(editor, fmt.Sprintf(`mutation { %s(input: {documents: ["report:r"]}) { state } }`, row.act))
		<-desk.Live().Advanced(before)
		// A second, and what a busy machine takes besides.
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("%s: the other process knows after %s", row.act, took)
		}
		two.sees(public, map[string]bool{}, row.want...)
	}
}
