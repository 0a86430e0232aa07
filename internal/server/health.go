package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"sync"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

// Check is a readiness check. Of its error, the message of a domain.Error is shown;
// any other error is only logged, because errors of drivers name hosts and users.
type Check struct {
	Name string
	Run  func(ctx context.Context) error
	// Note returns the message that is shown where the check succeeds; nil or
	// empty: none.
	Note func() string
}

// checkLimit is the timeout of each check. Probes don't wait longer either.
const checkLimit = 2 * time.Second

// alive is the liveness probe: the process serves requests. It checks nothing else, so
// that an unreachable database doesn't restart the process.
func alive(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, r, http.StatusOK, map[string]string{"status": "alive"})
}

// readiness is the readiness probe: 200, or 503 with the checks that fail. It logs a
// failing check when it begins to fail, and not at each request.
type readiness struct {
	checks []Check
	log    *slog.Logger

	mu     sync.Mutex
	failed map[string]string // errors by the check's name
}

func newReadiness(checks []Check, log *slog.Logger) *readiness {
	return &readiness{checks: checks, log: log, failed: map[string]string{}}
}

type checkResult struct {
	Name    string `json:"name"`
	OK      bool   `json:"ok"`
	Message string `json:"message,omitempty"`
}

func (h *readiness) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	results := make([]checkResult, len(h.checks))
	var wg sync.WaitGroup
	for i, check := range h.checks {
		wg.Go(func() { results[i] = h.run(r.Context(), check) })
	}
	wg.Wait()
	body := struct {
		Status string    `json:"status"`
		Checks []checkResult `json:"checks"`
	}{"ready", results}
	status := http.StatusOK
	for _, result := range results {
		if !result.OK {
			status, body.Status = http.StatusServiceUnavailable, "not ready"
		}
	}
	writeJSON(w, r, status, body)
}

func (h *readiness) run(ctx context.Context, check Check) checkResult {
	limited, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	err := check.Run(limited)
	if ctx.Err() == nil {
		h.logChange(ctx, check.Name, err)
	}
	if err == nil {
		good := checkResult{Name: check.Name, OK: true}
		if check.Note != nil {
			good.Message = check.Note()
		}
		return good
	}
	message := "failed; see the log for details"
	if e, ok := errors.AsType[*domain.Error](err); ok && e.Kind != domain.KindInternal {
		message = e.Message
	}
	return checkResult{Name: check.Name, Message: message}
}

// numbers match the parts of an error that differ between two requests.
var numbers = regexp.MustCompile(`[0-9.]+`)

// logChange logs a check whose result has changed.
func (h *readiness) logChange(ctx context.Context, name string, err error) {
	why := ""
	if err != nil {
		why = numbers.ReplaceAllString(err.Error(), "")
	}
	h.mu.Lock()
	before, failed := h.failed[name]
	if err == nil {
		delete(h.failed, name)
	} else {
		h.failed[name] = why
	}
	h.mu.Unlock()
	switch {
	case err != nil && (!failed || why != before):
		h.log.WarnContext(ctx, "not ready", "check", name, "error", domain.Detail(err))
	case err == nil && failed:
		h.log.InfoContext(ctx, "ready again", "check", name)
	}
}
