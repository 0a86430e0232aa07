package transport

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
)

// typeSDL is the media type of the schema in the schema definition language.
const typeSDL = "application/graphql"

// SDL returns a handler that serves the schema in the schema definition language to
// viewers that [Config.SDL] has it for, and calls notFound for all others. The requests
// are served as GET or HEAD; the response cache adds the validator.
func (h *Handler) SDL(notFound http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !h.mayReadSDL(r.Context()) {
			notFound.ServeHTTP(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			refuse(w, r, accepted{}, &refusal{http.StatusMethodNotAllowed, codeMethod, "this path accepts GET and HEAD"})
			return
		}
		h.serveSDL(w, r)
	})
}

// wantsSDL reports whether a request to the API's own URL is for the schema, and not
// an operation: a GET without parameters whose Accept names the type.
func (h *Handler) wantsSDL(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead || len(r.Header["Accept"]) == 0 {
		return false
	}
	if wanted := weightOf(readAccept(strings.Join(r.Header["Accept"], ",")), typeSDL); wanted.q == 0 || wanted.specific < rangeExact {
		return false
	}
	parameters := r.URL.Query()
	return !slices.ContainsFunc(paramNames, parameters.Has) && h.mayReadSDL(r.Context())
}

func (h *Handler) mayReadSDL(ctx context.Context) bool {
	return h.config.MayReadSDL != nil && h.config.MayReadSDL(ctx)
}

// serveSDL serves the schema to a viewer that may read it.
func (h *Handler) serveSDL(w http.ResponseWriter, r *http.Request) {
	ctx, header := withHeader(r.Context())
	decision := CacheDecisionFrom(ctx)
	decision.operationStarted()
	sdl, err := h.config.SDL(ctx)
	if err != nil {
		h.writeResponse(ctx, w, r, accepted{single: typeResponse}, header, h.presented(ctx, err))
		return
	}
	decision.Allow(domain.Clear, nil)
	decision.operationDone(true)
	putHeader(w, header)
	write(w, r, typeSDL, http.StatusOK, []byte(sdl))
}
