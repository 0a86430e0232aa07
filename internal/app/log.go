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

// logger returns the logger that the settings ask for. least is the level
// where they say nothing.
func (c *Config) logger(w io.Writer, least slog.Level) *slog.Logger {
	if level, ok := levels[c.LogLevel]; ok {
		least = level
	}
	options := &slog.HandlerOptions{Level: least}
	if c.LogFormat == "json" {
		return slog.New(requestHandler{slog.NewJSONHandler(w, options)})
	}
	return slog.New(requestHandler{slog.NewTextHandler(w, options)})
}

// requestHandler adds the request's id to each record that is logged on its
// behalf, and the task's name to what the program does by itself. Errors are
// written with the causes that clients are not shown.
type requestHandler struct{ slog.Handler }

func (h requestHandler) Handle(ctx context.Context, r slog.Record) error {
	r = explained(r)
	if id := domain.RequestID(ctx); id != "" && !has(r, "request_id") {
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

// explained is a record whose errors say all that they know.
func explained(r slog.Record) slog.Record {
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

func has(r slog.Record, key string) bool {
	found := false
	r.Attrs(func(a slog.Attr) bool {
		found = a.Key == key
		return !found
	})
	return found
}
