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

// demoKeyPath is the path at which the page requests the demo's key.
const demoKeyPath = "explorer/demo-key"

const demoButton template.HTML = `<button type="button" id="demo-key" data-from="` + demoKeyPath + `" aria-pressed="false">Use the demo key</button>
`

// demoKey sends the demo's key to the explorer in a browser on this machine, and to no
// other page: the request is a POST, so that it has an Origin, and that, the Host and
// the client must all be this machine. A page from elsewhere has another Origin, also
// after DNS rebinding. Requests through a proxy are refused where they can be recognised:
// by the fields that proxies add, and by HTTP/1.0, which browsers don't use. All other
// requests get 404.
func demoKey(key string, notFound http.Handler) http.Handler {
	body, err := json.Marshal(map[string]string{"key": key})
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
		_, _ = w.Write(body) // the client may have disconnected
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
