package oidctest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// ClientID is the client that the issuer knows.
const ClientID = "redthread-studio"

// Issuer is a running OpenID Connect issuer. It is safe for concurrent use.
type Issuer struct {
	URL string

	now func() time.Time

	mu       sync.Mutex
	keys     []Key // the last one signs
	claims   map[string]any
	codes    map[string]grant
	handlers map[string]http.HandlerFunc
	requests map[string]int // by path
}

// grant is what an authorization code stands for.
type grant struct{ redirect, challenge, nonce string }

// Start runs an issuer until the test ends. now is its clock. It signs with a
// new key of the algorithm.
func Start(tb testing.TB, now func() time.Time, algorithm string) *Issuer {
	tb.Helper()
	i := &Issuer{now: now, codes: map[string]grant{}, handlers: map[string]http.HandlerFunc{}, requests: map[string]int{}}
	i.Rotate(tb, algorithm)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.discovery)
	mux.HandleFunc("GET /keys", i.serveKeys)
	mux.HandleFunc("GET /authorize", i.authorize)
	mux.HandleFunc("POST /token", i.token)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		i.requests[r.URL.Path]++
		handler := i.handlers[r.URL.Path]
		if handler == nil {
			handler = i.handlers[""]
		}
		i.mu.Unlock()
		if handler == nil {
			handler = mux.ServeHTTP
		}
		handler(w, r)
	}))
	tb.Cleanup(server.Close)
	i.URL = server.URL
	i.SetClaims(map[string]any{"sub": "1"})
	return i
}

// The paths that an issuer serves.
const (
	DiscoveryPath = "/.well-known/openid-configuration"
	KeysPath      = "/keys"
)

// Handle replaces the handler of a path; with the path "", of all paths. A nil
// handler restores the issuer's own.
func (i *Issuer) Handle(path string, handler http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.handlers[path] = handler
}

// Down is a handler of an issuer that is down: it breaks off the connection.
func Down(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// Requests returns how often a path was requested.
func (i *Issuer) Requests(path string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.requests[path]
}

// Rotate creates a new key, which signs from now on, and withdraws all others.
func (i *Issuer) Rotate(tb testing.TB, algorithm string) Key {
	tb.Helper()
	key := NewKey(tb, algorithm)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = []Key{key}
	return key
}

// Key returns the key that signs.
func (i *Issuer) Key() Key {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.keys[len(i.keys)-1]
}

// SetClaims sets the claims of the tokens that are issued from now on, besides
// those that the issuer adds.
func (i *Issuer) SetClaims(claims map[string]any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.claims = claims
}

// Claims returns the claims of a token that is issued now: those of
// [Issuer.SetClaims] and of the issuer, with changes. A change to nil removes a
// claim.
func (i *Issuer) Claims(changes map[string]any) map[string]any {
	now := i.now()
	all := map[string]any{
		"iss": i.URL, "aud": ClientID, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, more := range []map[string]any{i.claims, changes} {
		for name, value := range more {
			all[name] = value
			if value == nil {
				delete(all, name)
			}
		}
	}
	return all
}

// Token returns a signed token with the claims that [Issuer.Claims] returns.
func (i *Issuer) Token(tb testing.TB, changes map[string]any) string {
	tb.Helper()
	return i.Key().Sign(tb, i.Claims(changes), nil)
}

func respond(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may have gone
}

func (i *Issuer) discovery(w http.ResponseWriter, _ *http.Request) {
	respond(w, http.StatusOK, map[string]any{
		"issuer":                                i.URL,
		"authorization_endpoint":                i.URL + "/authorize",
		"token_endpoint":                        i.URL + "/token",
		"jwks_uri":                              i.URL + KeysPath,
		"response_types_supported":              []string{"code"},
		"subject_types_supported":               []string{"public"},
		"code_challenge_methods_supported":      []string{"S256"},
		"token_endpoint_auth_methods_supported": []string{"none"},
		"id_token_signing_alg_values_supported": []string{i.Key().Algorithm},
	})
}

func (i *Issuer) serveKeys(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	set := make([]map[string]string, len(i.keys))
	for n, key := range i.keys {
		set[n] = key.Public()
	}
	i.mu.Unlock()
	respond(w, http.StatusOK, map[string]any{"keys": set})
}

// authorize signs in a person with the claims of [Issuer.SetClaims], without
// asking.
func (i *Issuer) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	redirect, err := url.Parse(q.Get("redirect_uri"))
	if q.Get("client_id") != ClientID || err != nil || redirect.Host == "" {
		// RFC 6749, 4.1.2.1: an address that is not known is not redirected to.
		http.Error(w, "unknown client or redirect_uri", http.StatusBadRequest)
		return
	}
	back := redirect.Query()
	back.Set("state", q.Get("state"))
	switch {
	case q.Get("response_type") != "code":
		back.Set("error", "unsupported_response_type")
	case q.Get("code_challenge") == "" || q.Get("code_challenge_method") != "S256":
		back.Set("error", "invalid_request")
	case !strings.Contains(" "+q.Get("scope")+" ", " openid "):
		back.Set("error", "invalid_scope")
	default:
		code := rand.Text()
		i.mu.Lock()
		i.codes[code] = grant{redirect: q.Get("redirect_uri"), challenge: q.Get("code_challenge"), nonce: q.Get("nonce")}
		i.mu.Unlock()
		back.Set("code", code)
	}
	redirect.RawQuery = back.Encode()
	http.Redirect(w, r, redirect.String(), http.StatusFound)
}

func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	refuse := func(code string) { respond(w, http.StatusBadRequest, map[string]string{"error": code}) }
	code := r.PostFormValue("code")
	i.mu.Lock()
	g, known := i.codes[code]
	delete(i.codes, code) // a code is good once
	i.mu.Unlock()
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case r.PostFormValue("grant_type") != "authorization_code":
		refuse("unsupported_grant_type")
		return
	case r.PostFormValue("client_id") != ClientID:
		refuse("invalid_client")
		return
	case !known || g.redirect != r.PostFormValue("redirect_uri") || g.challenge != base64.RawURLEncoding.EncodeToString(sum[:]):
		refuse("invalid_grant")
		return
	}
	key, claims := i.Key(), i.Claims(nil)
	access, err := key.sign(claims, map[string]any{"typ": "at+jwt"})
	if err == nil {
		if g.nonce != "" {
			claims["nonce"] = g.nonce
		}
		var id string
		if id, err = key.sign(claims, nil); err == nil {
			respond(w, http.StatusOK, map[string]any{"access_token": access, "id_token": id, "token_type": "Bearer", "expires_in": 3600})
			return
		}
	}
	http.Error(w, err.Error(), http.StatusInternalServerError)
}
