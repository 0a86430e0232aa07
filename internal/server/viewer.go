package server

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/domain"
)

// Authenticator knows whose a credential is. An error of
// domain.KindUnauthenticated says that it opens nothing; the request is
// refused on any error.
type Authenticator interface {
	Authenticate(ctx context.Context, shown access.Credential) (*domain.Viewer, error)
}

var errBadHeader = &domain.Error{Kind: domain.KindUnauthenticated,
	Message: "the header Authorization is not understood: want \"Authorization: Bearer …\", once, with a key or a token"}

// findViewer puts who asks into the request's context: the holder of the
// credential in the Authorization header, or anonymous where there is no such
// header. A credential that is not valid is refused, and not taken for none:
// its holder would wonder where the drafts have gone.
func findViewer(keys Authenticator, log *slog.Logger) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			viewer, err := viewerOf(r, keys)
			if err != nil {
				answer := refusalLogged(r.Context(), log, "the credential could not be checked", err)
				if answer.status == http.StatusUnauthorized {
					w.Header().Set("WWW-Authenticate", `Bearer realm="redthread", error="invalid_token"`)
				}
				refuse(w, r, answer)
				return
			}
			recordViewer(r.Context(), viewer)
			ctx := domain.WithViewer(r.Context(), viewer)
			if viewer.CredentialID() != 0 {
				ctx = access.WithRecheck(ctx, func(ctx context.Context) (*domain.Viewer, error) { return viewerOf(r.WithContext(ctx), keys) })
			}
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

func viewerOf(r *http.Request, keys Authenticator) (*domain.Viewer, error) {
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return domain.Anonymous(), nil
	}
	if len(values) > 1 {
		return nil, errBadHeader
	}
	return authenticate(r, values[0], keys)
}

// authenticate returns the viewer behind an authorization ("Bearer …") that
// came with a request.
func authenticate(r *http.Request, authorization string, keys Authenticator) (*domain.Viewer, error) {
	scheme, token, ok := strings.Cut(strings.TrimSpace(authorization), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return nil, errBadHeader
	}
	return keys.Authenticate(r.Context(), access.Credential{Token: strings.TrimSpace(token), Origin: r.Header.Get("Origin")})
}
