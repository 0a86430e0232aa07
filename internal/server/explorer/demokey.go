package explorer

import (
	"encoding/json"
	"html/template"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// demoKeyPath is where the page asks for the demo's key.
const demoKeyPath = "explorer/demo-key"

const demoButton template.HTML = `<button type="button" id="demo-key" data-from="` + demoKeyPath + `" aria-pressed="false">Use the demo key</button>
`

// demoKey gives the demo's key to the page of a browser on this machine, and to
// nothing else that a browser would let ask: the request is a POST, so that it
// has an Origin, and that, the Host and the client must all be this machine. A
// page from elsewhere has another Origin, also where its name was made to lead
// here. What came through a proxy is refused as far as it can be told: by the
// fields that proxies add, and by HTTP/1.0, which browsers don't speak. Everybody
// else finds nothing.
func demoKey(key string, notFound http.Handler) http.Handler {
	answer, err := json.Marshal(map[string]string{"key": key})
	if err != nil {
		panic(err) // a string can be encoded
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fromHere := slices.Equal(r.Header["Origin"], []string{"http://" + r.Host}) && local(r.Host) && local(r.RemoteAddr)
		if key == "" || r.Method != http.MethodPost || !fromHere || proxied(r) {
			notFound.ServeHTTP(w, r)
			return
		}
		header := w.Header()
		header.Set("Content-Type", "application/json")
		header.Set("Cache-Control", "no-store")
		// Whatever other origins may read elsewhere.
		header.Del("Access-Control-Allow-Origin")
		_, _ = w.Write(answer) // the client may have gone
	})
}

// proxied reports whether a request shows that a proxy has passed it on.
func proxied(r *http.Request) bool {
	if !r.ProtoAtLeast(1, 1) {
		return true
	}
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Forwarded-") || slices.Contains([]string{"Forwarded", "Via", "X-Real-Ip", "Cf-Connecting-Ip", "True-Client-Ip"}, name) {
			return true
		}
	}
	return false
}

// local reports whether an address, with a port or without, is this machine's
// loopback interface.
func local(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}
