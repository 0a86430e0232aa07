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

// Executor answers questions from live, for the viewer of the context and within
// the viewer's limits.
type Executor interface {
	Execute(ctx context.Context, q transport.Request) transport.Response
}

//go:embed questions.graphql
var questions string

// What answers consist of.
type (
	pageInfo struct {
		HasNextPage bool
		EndCursor   string
	}
	subject struct { // what a feed is of
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
		ID, Slug, Series, Title, Language string
		Number                            int
		Summary, Introduction             string
		PublishedAt, UpdatedAt            time.Time
		Items                             []editionItem
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

// refusal is an answer that is none.
type refusal struct {
	status  int
	code    string
	message string
	header  http.Header
}

func (r *refusal) Error() string { return r.message }

// errNotFound is the answer for what is not there, and for what the viewer may
// not see.
var errNotFound = &refusal{status: http.StatusNotFound, code: "NOT_FOUND", message: "there is nothing at this address"}

func badRequest(format string, args ...any) *refusal {
	return &refusal{status: http.StatusBadRequest, code: "BAD_USER_INPUT", message: fmt.Sprintf(format, args...)}
}

// statuses are those of the codes that a question can come back with. Anything
// else is a fault of the program.
var statuses = map[string]int{
	"INTERNAL":   http.StatusInternalServerError, // and in the log by now
	"COST_LIMIT": http.StatusBadRequest, "RATE_LIMITED": http.StatusTooManyRequests,
	"UNAVAILABLE": http.StatusServiceUnavailable, "UNAUTHENTICATED": http.StatusUnauthorized, "FORBIDDEN": http.StatusForbidden,
}

// talk is what is asked for one request. It knows the highest marking of the
// answers.
type talk struct {
	executor Executor
	marking  domain.Marking
}

// execute puts one of the questions, and decodes what is said into out.
func (t *talk) execute(ctx context.Context, operation string, variables map[string]any, out any) error {
	reply := t.executor.Execute(ctx, transport.Request{Document: questions, Operation: operation, Variables: variables})
	if len(reply.Errors) > 0 {
		first := reply.Errors[0]
		code, _ := first.Extensions["code"].(string)
		if code == "BAD_USER_INPUT" {
			if _, paged := variables["after"]; paged {
				return badRequest("after: this is not the cursor of a page of this list")
			}
			return errNotFound // nothing can have such a name
		}
		status, known := statuses[code]
		if !known {
			return fmt.Errorf("ask %s: %s (%s)", operation, first.Message, code)
		}
		return &refusal{status: status, code: code, message: first.Message, header: reply.Header}
	}
	t.marking = max(t.marking, markingOf(reply.Header))
	if err := json.Unmarshal(reply.Data, out); err != nil {
		return fmt.Errorf("read the answer of %s: %w", operation, err)
	}
	return nil
}

const markingPrefix = "TLP:"

// markingOf reads the marking of an answer. One that does not say is taken for
// one that is for nobody else.
func markingOf(header http.Header) domain.Marking {
	label := strings.TrimPrefix(header.Get(graph.MarkingHeader), markingPrefix)
	m, ok := domain.ParseMarking(strings.ReplaceAll(label, "+", "_"))
	if !ok {
		return domain.Red
	}
	return m
}

// refuse answers with an error.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, refused *refusal) {
	header := refused.header.Clone()
	header.Del(graph.MarkingHeader) // what is said is no content
	maps.Copy(w.Header(), header)
	h.Refuse(w, r, refused.status, refused.code, refused.message)
}
