package graph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"runtime/debug"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/newsletter"
	"github.com/redthread-api/redthread/internal/store"
)

// codes has the extensions.code of each kind of error that clients are sent.
var codes = map[domain.Kind]string{
	domain.KindInvalid:         "BAD_USER_INPUT",
	domain.KindUnauthenticated: "UNAUTHENTICATED",
	domain.KindForbidden:       "FORBIDDEN",
	domain.KindNotFound:        "NOT_FOUND",
	domain.KindConflict:        "CONFLICT",
	domain.KindUnavailable:     "UNAVAILABLE",
	domain.KindGone:            "CURSOR_EXPIRED",
}

// codeChallenge is the code of a sign-up that needs a proof of work.
const codeChallenge = "CHALLENGE_REQUIRED"

// maxErrors bounds the errors of one response.
const maxErrors = 20

// presenter turns errors into those that clients are sent.
type presenter struct {
	log       *slog.Logger
	requestID func(context.Context) string
	refusals  *audit.Buffer
	onError   func(code string) // nil: errors are not counted
}

func (p presenter) present(ctx context.Context, err error) *gqlerror.Error {
	out := p.convert(ctx, err)
	if p.onError != nil {
		code, _ := out.Extensions["code"].(string)
		p.onError(code)
	}
	return out
}

func (p presenter) convert(ctx context.Context, err error) *gqlerror.Error {
	out := &gqlerror.Error{Message: err.Error(), Path: graphql.GetPath(ctx), Locations: fieldLocations(ctx)}
	if shown, ok := errors.AsType[*gqlerror.Error](err); ok {
		if shown.Path != nil {
			out.Path = shown.Path
		}
		if shown.Locations != nil {
			out.Locations = shown.Locations
		}
		if shown.Err == nil {
			// The error is of GraphQL itself: of the parser, validation or coercion.
			out.Message, out.Extensions = shown.Message, shown.Extensions
			if out.Extensions["code"] == nil {
				out.Extensions = map[string]any{"code": codes[domain.KindInvalid]}
			}
			return out
		}
		err = shown.Err
	}
	if known, ok := errors.AsType[*domain.Error](err); ok && known.Kind != domain.KindInternal {
		out.Message = known.Message
		out.Extensions = map[string]any{"code": codes[known.Kind]}
		if len(known.Fields) > 0 {
			out.Extensions["fields"] = known.Fields
		}
		if known.Kind == domain.KindInvalid {
			out.Message = domain.Summary(known.Message, known.Fields)
		}
		if known.Kind == domain.KindForbidden {
			p.refusals.Add(ctx, audit.Entry{Action: audit.RefuseRight, Subject: fieldName(ctx), Detail: known.Message})
		}
		// One line for an operation: later errors have the same cause.
		if known.Kind == domain.KindUnavailable && interrupted(ctx, err, out) && ctx.Err() == nil {
			p.log.Log(ctx, store.Level(err), "graphql: unavailable", "error", domain.Detail(err), "request_id", p.id(ctx))
		}
		return out
	}
	if limit, ok := errors.AsType[*store.DocumentLimitError](err); ok {
		out.Message, out.Extensions = limit.Error(), costError("").Extensions
		return out
	}
	if limited, ok := errors.AsType[*domain.RateLimitError](err); ok {
		out.Extensions = map[string]any{"code": limits.CodeRateLimited, "retryAfter": int(math.Ceil(limited.RetryAfter.Seconds()))}
		out.Message = limited.Error()
		return out
	}
	if limited, ok := errors.AsType[*newsletter.LimitError](err); ok {
		out.Extensions = map[string]any{"code": limits.CodeRateLimited, "retryAfter": int(limited.RetryAfter.Seconds())}
		out.Message = limited.Error()
		return out
	}
	if challenge, ok := errors.AsType[*newsletter.ChallengeError](err); ok {
		out.Extensions = map[string]any{"code": codeChallenge, "challenge": challenge.Token, "bits": challenge.Bits}
		out.Message = challenge.Error()
		return out
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		out.Message = "this took too long"
		out.Extensions = map[string]any{"code": codes[domain.KindUnavailable]}
		interrupted(ctx, err, out)
		return out
	}
	id := p.id(ctx)
	p.log.ErrorContext(ctx, "graphql: internal error", "error", domain.Detail(err), "path", out.Path.String(), "request_id", id)
	out.Message = "internal error"
	out.Extensions = map[string]any{"code": "INTERNAL"}
	if id != "" {
		out.Extensions["requestId"] = id
	}
	return out
}

// fieldLocations returns where the document has the field that is being resolved; nil
// outside of one.
func fieldLocations(ctx context.Context) []gqlerror.Location {
	for fc := graphql.GetFieldContext(ctx); fc != nil; fc = fc.Parent {
		if fc.Field.Field != nil && fc.Field.Position != nil { // an element of a list has none
			return []gqlerror.Location{{Line: fc.Field.Position.Line, Column: fc.Field.Position.Column}}
		}
	}
	return nil
}

// fieldName returns the name, not the alias, of the field that is being
// resolved; outside of one, the name of the directive that is applied.
func fieldName(ctx context.Context) string {
	if fc := graphql.GetFieldContext(ctx); fc != nil && fc.Field.Field != nil {
		return fc.Field.Name
	}
	if atomic, dryRun := isAtomic(graphql.GetOperationContext(ctx)); dryRun {
		return "@" + dryRunDirective
	} else if atomic {
		return "@" + atomicDirective
	}
	return "@inContext"
}

func (p presenter) id(ctx context.Context) string {
	if p.requestID == nil {
		return ""
	}
	return p.requestID(ctx)
}

// recovered turns a panic into an error, and logs its stack.
func (p presenter) recovered(ctx context.Context, v any) error {
	p.log.ErrorContext(ctx, "graphql: panic", "panic", fmt.Sprint(v), "stack", string(debug.Stack()), "request_id", p.id(ctx))
	return fmt.Errorf("panic: %v", v)
}

// limitErrors cuts the errors of a response to maxErrors and their number, which has the
// code of the first that is left out.
func limitErrors(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	resp := next(ctx)
	if resp != nil && len(resp.Errors) > maxErrors {
		more := len(resp.Errors) - maxErrors
		resp.Errors = append(resp.Errors[:maxErrors:maxErrors], &gqlerror.Error{
			Message:    fmt.Sprintf("and %d more errors", more),
			Extensions: map[string]any{"code": resp.Errors[maxErrors].Extensions["code"]},
		})
	}
	return resp
}
