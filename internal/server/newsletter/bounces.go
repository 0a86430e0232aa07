package newsletter

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/newsletter/bounce"
)

// BouncesPath is the path that takes reports of mails that came back.
const BouncesPath = "/newsletter/bounces"

// BounceHandler takes reports by POST: a message of the types message/rfc822 or text/plain, or the JSON of a
// provider. apply applies one. The contexts of its requests must carry a viewer.
func BounceHandler(apply func(ctx context.Context, raw []byte) error, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", "POST")
			http.Error(w, "this path accepts POST", http.StatusMethodNotAllowed)
			return
		}
		raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bounce.MaxSize))
		if err != nil {
			http.Error(w, "the report is too large", http.StatusRequestEntityTooLarge)
			return
		}
		err = apply(domain.AsSystem(r.Context(), "read a bounce"), raw)
		confirmation, confirm := errors.AsType[*bounce.Confirmation](err)
		switch {
		case err == nil:
			w.WriteHeader(http.StatusNoContent)
		case confirm:
			// An operator opens it: the program opens no address that a request names.
			log.WarnContext(r.Context(), "Amazon SNS wants its subscription confirmed: open the URL once", "url", confirmation.URL)
			w.WriteHeader(http.StatusNoContent)
		case errors.Is(err, bounce.ErrNotReport), errors.Is(err, bounce.ErrNoToken):
			http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		default:
			log.ErrorContext(r.Context(), "a bounce could not be applied", "error", err)
			http.Error(w, "the report could not be applied; send it again", http.StatusServiceUnavailable)
		}
	})
}
