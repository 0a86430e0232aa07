package feeds

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
)

// Executor executes GraphQL queries for the viewer of the context, within the viewer's
// limits.
type Executor interface {
	Execute(ctx context.Context, q transport.Request) transport.Response
}

//go:embed queries.graphql
var queriesDocument string

// The types of the queries' results.
type (
	pageInfo struct {
		HasNextPage bool
		EndCursor   string
	}
	subject struct { // the document that a feed is about
		ID, Slug, Name string
		Description    string
		UpdatedAt      time.Time
		List           *reportList
	}
	reportList struct {
		PageInfo pageInfo
		Nodes    []report
	}
	report struct {
		ID, Slug, Title, Summary, Language, Body string
		PublishedAt, UpdatedAt                   time.Time
		Tags                                     []tag
		Contributions                            []struct {
			Role   string
			Entity struct{ Slug, Name string }
		}
		Hero        *asset
		Attachments []asset
	}
	edition struct {
		ID, Slug, DisplayName, Title, Language string
		Number                                 int
		Summary, Introduction                  string
		PublishedAt, UpdatedAt                 time.Time
		Items                                  []editionItem
	}
	editionItem struct {
		Headline, OccurredOn, Summary, Analysis string
		Tags                                    []tag
		Sources                                 []struct{ Title, URL string }
	}
	tag   struct{ Slug, Label string }
	asset struct {
		URL, MediaType, Title, AltText string
		Size                           int64
	}
)

// refusal is an error response.
type refusal struct {
	status  int
	code    string
	message string
	header  http.Header
}

func (r *refusal) Error() string { return r.message }

// errNotFound is the error for what does not exist, and for what the viewer may not see.
var errNotFound = &refusal{status: http.StatusNotFound, code: "NOT_FOUND", message: "there is nothing at this address"}

func badRequest(format string, args ...any) *refusal {
	return &refusal{status: http.StatusBadRequest, code: "BAD_USER_INPUT", message: fmt.Sprintf(format, args...)}
}

// statuses are the HTTP statuses of the error codes that a query can return. Any other
// code is a bug.
var statuses = map[string]int{
	"INTERNAL":   http.StatusInternalServerError, // already logged by the executor
	"COST_LIMIT": http.StatusBadRequest, "RATE_LIMITED": http.StatusTooManyRequests,
	"UNAVAILABLE": http.StatusServiceUnavailable, "UNAUTHENTICATED": http.StatusUnauthorized, "FORBIDDEN": http.StatusForbidden,
}

// queryRunner executes the queries of one request, and tracks the highest marking of
// their results.
type queryRunner struct {
	executor Executor
	marking  domain.Marking
}

// execute executes an operation of queries.graphql and decodes its data into out.
func (t *queryRunner) execute(ctx context.Context, operation string, variables map[string]any, out any) error {
	resp := t.executor.Execute(ctx, transport.Request{Document: queriesDocument, Operation: operation, Variables: variables})
	if len(resp.Errors) > 0 {
		first := resp.Errors[0]
		code, _ := first.Extensions["code"].(string)
		if code == "BAD_USER_INPUT" {
			if _, paged := variables["after"]; paged {
				return badRequest("after: this is not the cursor of a page of this list")
			}
			return errNotFound // no document has such a slug
		}
		status, known := statuses[code]
		if !known {
			return fmt.Errorf("execute %s: %s (%s)", operation, first.Message, code)
		}
		return &refusal{status: status, code: code, message: first.Message, header: resp.Header}
	}
	t.marking = max(t.marking, markingOf(resp.Header))
	if err := json.Unmarshal(resp.Data, out); err != nil {
		return fmt.Errorf("decode the result of %s: %w", operation, err)
	}
	return nil
}

const markingPrefix = "TLP:"

// markingOf reads the marking of a result from its header. Without a valid one it
// returns the highest.
func markingOf(header http.Header) domain.Marking {
	label := strings.TrimPrefix(header.Get(graph.MarkingHeader), markingPrefix)
	m, ok := domain.ParseMarking(strings.ReplaceAll(label, "+", "_"))
	if !ok {
		return domain.Red
	}
	return m
}

// refuse writes an error response.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, refused *refusal) {
	header := refused.header.Clone()
	header.Del(graph.MarkingHeader) // an error contains no content
	maps.Copy(w.Header(), header)
	h.Refuse(w, r, refused.status, refused.code, refused.message)
}
