package rest

import (
	"encoding/json"
	"net/http"
)

// index lists the routes of /v1, each with its summary, and links to their descriptions.
// URLs are relative to the server's root.
func (a *API) index(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		Refuse(w, r, 0, codeMethod, "this path accepts GET and HEAD")
		return
	}
	if wrong := unknownParameters(r.URL.Query(), nil); len(wrong) > 0 {
		Refuse(w, r, 0, codeInvalid, "the parameters are not valid", wrong...)
		return
	}
	type shown struct {
		Path    string `json:"path"`
		Summary string `json:"summary"`
	}
	index := struct {
		Title   string  `json:"title"`
		Docs    string  `json:"docs"`
		OpenAPI string  `json:"openapi"`
		Routes  []shown `json:"routes"`
	}{Title: "Redthread JSON API", Docs: "/docs", OpenAPI: "/v1/openapi.json"}
	for _, route := range a.routes {
		index.Routes = append(index.Routes, shown{route.path, route.summary})
	}
	body, err := json.MarshalIndent(index, "", "  ")
	if err != nil {
		panic(err) // it has strings only
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-cache")
	send(w, r, http.StatusOK, append(body, '\n'))
}
