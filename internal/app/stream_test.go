package app_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestStreamsOfTheServer(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, s store.Config) {
		c := config(t, s)
		c.Demo, c.CORSOrigins = true, []string{"https://site.example"}
		a := start(t, c, parts(io.Discard))

		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL()+"/graphql?query={__typename}", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Close = true
		r.Header.Set("Accept", "text/event-stream")
		r.Header.Set("Accept-Encoding", "gzip")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		const want = ":\n\nevent: next\ndata: {\"data\":{\"__typename\":\"Query\"},\"extensions\":{\"cost\":{\"maximum\":200000,\"requested\":0},\"marking\":\"CLEAR\"}}\n\nevent: complete\ndata:\n\n"
		if got, err := io.ReadAll(res.Body); err != nil || string(got) != want {
			t.Errorf("events: got %q, %v", got, err)
		}

		dial := func(origin string) (*websocket.Conn, *http.Response, error) {
			return websocket.Dial(t.Context(), a.URL()+"/graphql", &websocket.DialOptions{
				Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: http.Header{"Origin": {origin}}})
		}
		if _, res, _ := dial("https://evil.example"); res == nil || res.StatusCode != http.StatusForbidden {
			t.Errorf("a page of another origin: got %v", res)
		}
		conn, _, err := dial("https://site.example")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.CloseNow() }()
		for _, trip := range [][2]string{
			{`{"type":"connection_init","payload":{"Authorization":"Bearer ` + a.DemoKey() + `"}}`, `{"type":"connection_ack"}`},
			{`{"id":"1","type":"subscribe","payload":{"query":"query @inContext(stage: DESK) { reports { totalCount } }"}}`,
				`{"id":"1","type":"next","payload":{"data":{"reports":{"totalCount":0}},"extensions":{"cost":{"maximum":500000,"requested":12},"marking":"AMBER_STRICT"}}}`},
		} {
			if err := conn.Write(t.Context(), websocket.MessageText, []byte(trip[0])); err != nil {
				t.Fatal(err)
			}
			if _, got, err := conn.Read(patient(t)); err != nil || string(got) != trip[1] {
				t.Errorf("got %s, %v, want %s", got, err, trip[1])
			}
		}
		ended := make(chan error, 1)
		go func() {
			for {
				if _, _, err := conn.Read(patient(t)); err != nil {
					ended <- err
					return
				}
			}
		}()
		stop(t, a)
		err = receive(t, ended)
		if closed, _ := errors.AsType[websocket.CloseError](err); closed.Code != websocket.StatusGoingAway || !strings.Contains(closed.Reason, "shutting down") {
			t.Errorf("got %v, want 1001", err)
		}
	})
}
