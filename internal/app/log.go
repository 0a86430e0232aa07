package app

import (
	"context"
	"io"
	"log/slog"

	"github.com/redthread-api/redthread/internal/domain"
)

var levels = map[string]slog.Level{
	"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
}

// level returns the configured level of the log; def if none is configured.
func (c *Config) level(def slog.Level) slog.Level {
	level, ok := levels[c.LogLevel]
	if !ok {
		return def
	}
	return level
}

// logger returns the configured logger, whose level can be changed.
func (c *Config) logger(w io.Writer, level *slog.LevelVar) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.New(requestHandler{slog.NewJSONHandler(w, options)})
	}
	return slog.New(requestHandler{slog.NewTextHandler(w, options)})
}

// requestHandler is a slog.Handler that adds the id of the request, or the name of
// the program's own task. It writes errors with the causes that clients are not
// shown.
type requestHandler struct{ slog.Handler }

func (h requestHandler) Handle(ctx context.Context, r slog.Record) error {
	r = withErrorDetail(r)
	if id := domain.RequestID(ctx); id != "" && !hasAttr(r, "request_id") {
		r.AddAttrs(slog.String("request_id", id))
	}
	if v, err := domain.ViewerFrom(ctx); err == nil && v.System {
		r.AddAttrs(slog.String("viewer", v.Name))
	}
	return h.Handler.Handle(ctx, r)
}

func (h requestHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestHandler{h.Handler.WithAttrs(attrs)}
}

func (h requestHandler) WithGroup(name string) slog.Handler {
	return requestHandler{h.Handler.WithGroup(name)}
}

// withErrorDetail returns a record whose errors are written with their causes.
func withErrorDetail(r slog.Record) slog.Record {
	hasError := false
	r.Attrs(func(a slog.Attr) bool {
		if a.Value.Kind() == slog.KindAny {
			_, hasError = a.Value.Any().(error)
		}
		return !hasError
	})
	if !hasError {
		return r
	}
	out := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		if err, ok := a.Value.Any().(error); ok {
			a = slog.String(a.Key, domain.Detail(err))
		}
		out.AddAttrs(a)
		return true
	})
	return out
}

func hasAttr(r slog.Record, key string) bool {
	found := false
	r.Attrs(func(a slog.Attr) bool {
		found = a.Key == key
		return !found
	})
	return found
}
