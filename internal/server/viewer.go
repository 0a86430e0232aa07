package server

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/domain"
)

// Authenticator authenticates credentials. An error of
// domain.KindUnauthenticated says that the credential is not valid; the request is
// refused on any error.
type Authenticator interface {
	Authenticate(ctx context.Context, credential access.Credential) (*domain.Viewer, error)
}

var errBadHeader = &domain.Error{Kind: domain.KindUnauthenticated,
	Message: "the header Authorization is not understood: want \"Authorization: Bearer …\", once, with a key or a token"}

// findViewer puts the viewer into the request's context: that of the credential in the
// Authorization header, or anonymous where there is no such header. A request with an
// invalid credential is refused and not served as anonymous, which would hide drafts
// without an error.
func findViewer(auth Authenticator, log *slog.Logger) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			viewer, err := viewerOf(r, auth)
			if err != nil {
				ref := refusalLogged(r.Context(), log, "authentication failed", err)
				if ref.status == http.StatusUnauthorized {
					w.Header().Set("WWW-Authenticate", `Bearer realm="redthread", error="invalid_token"`)
				}
				refuse(w, r, ref)
				return
			}
			recordViewer(r.Context(), viewer)
			ctx := domain.WithViewer(r.Context(), viewer)
			if viewer.CredentialID() != 0 {
				ctx = access.WithRecheck(ctx, func(ctx context.Context) (*domain.Viewer, error) { return viewerOf(r.WithContext(ctx), auth) })
			}
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

func viewerOf(r *http.Request, auth Authenticator) (*domain.Viewer, error) {
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return domain.Anonymous(), nil
	}
	if len(values) > 1 {
		return nil, errBadHeader
	}
	return authenticate(r, values[0], auth)
}

// authenticate returns the viewer behind an authorization ("Bearer …") that
// came with a request.
func authenticate(r *http.Request, authorization string, auth Authenticator) (*domain.Viewer, error) {
	scheme, token, ok := strings.Cut(strings.TrimSpace(authorization), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return nil, errBadHeader
	}
	return auth.Authenticate(r.Context(), access.Credential{Token: strings.TrimSpace(token), Origin: r.Header.Get("Origin")})
}
