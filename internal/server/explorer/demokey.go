package explorer

import (
	"encoding/json"
	"html/template"
	"net"
	"net/http"
	"net/netip"
	"net/url"
)

// demoKeyPath is where the page asks for the demo's key.
const demoKeyPath = "explorer/demo-key"

const demoButton template.HTML = `<button type="button" id="demo-key" data-from="` + demoKeyPath + `" aria-pressed="false">Use the demo key</button>
`

// demoKey hands the demo's key to the page of a browser on this machine, and to
// nothing else that a browser would let ask: the request is a POST, so that it
// has an Origin, and that, the Host and the client must all be this machine. A
// page from elsewhere has another Origin, also where its name was made to lead
// here. Everybody else finds nothing.
func demoKey(key string, notFound http.Handler) http.Handler {
	answer, err := json.Marshal(map[string]string{"key": key})
	if err != nil {
		panic(err) // a string can be encoded
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin, err := url.Parse(r.Header.Get("Origin"))
		if key == "" || r.Method != http.MethodPost || err != nil || origin.Host != r.Host || !local(r.Host) || !local(r.RemoteAddr) {
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
