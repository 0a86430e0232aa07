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

// Check is something that has to hold for the process to be sent requests. Of
// its error, the message of a domain.Error is shown, and anything else only
// logged: errors of drivers name hosts and users.
type Check struct {
	Name string
	Ask  func(ctx context.Context) error
	// Note is what is said where the check holds; nil or empty: nothing.
	Note func() string
}

// checkLimit is for each check: a probe doesn't wait longer either.
const checkLimit = 2 * time.Second

// alive says that the process runs and can answer. It asks nothing else, so
// that a database that is away doesn't get the process restarted.
func alive(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, r, http.StatusOK, map[string]string{"status": "alive"})
}

// readiness answers 200, or 503 with what is missing. It logs a check that fails
// when it begins to, and not at each look.
type readiness struct {
	checks []Check
	log    *slog.Logger

	mu     sync.Mutex
	failed map[string]string // why, by the check's name
}

func newReadiness(checks []Check, log *slog.Logger) *readiness {
	return &readiness{checks: checks, log: log, failed: map[string]string{}}
}

type checked struct {
	Name    string `json:"name"`
	OK      bool   `json:"ok"`
	Message string `json:"message,omitempty"`
}

func (h *readiness) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	results := make([]checked, len(h.checks))
	var wg sync.WaitGroup
	for i, check := range h.checks {
		wg.Go(func() { results[i] = h.ask(r.Context(), check) })
	}
	wg.Wait()
	body := struct {
		Status string    `json:"status"`
		Checks []checked `json:"checks"`
	}{"ready", results}
	status := http.StatusOK
	for _, result := range results {
		if !result.OK {
			status, body.Status = http.StatusServiceUnavailable, "not ready"
		}
	}
	writeJSON(w, r, status, body)
}

func (h *readiness) ask(ctx context.Context, check Check) checked {
	limited, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	err := check.Ask(limited)
	if ctx.Err() == nil {
		h.note(ctx, check.Name, err)
	}
	if err == nil {
		good := checked{Name: check.Name, OK: true}
		if check.Note != nil {
			good.Message = check.Note()
		}
		return good
	}
	message := "fails; the log says why"
	if e, ok := errors.AsType[*domain.Error](err); ok && e.Kind != domain.KindInternal {
		message = e.Message
	}
	return checked{Name: check.Name, Message: message}
}

// numbers are what changes from look to look in why a check fails.
var numbers = regexp.MustCompile(`[0-9.]+`)

// note logs what has changed about a check.
func (h *readiness) note(ctx context.Context, name string, err error) {
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
