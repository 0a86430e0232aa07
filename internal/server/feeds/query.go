package feeds

import (
	_ "embed" // the queries
	"time"

	"github.com/redthread-api/redthread/internal/newsletter/render"
	"github.com/redthread-api/redthread/internal/server/content"
)

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
		render.Document
		Summary string
	}
	tag   struct{ Slug, Label string }
	asset struct {
		URL, MediaType, Title, AltText string
		Size                           int64
	}
)

// queries returns a runner of the operations of queries.graphql.
func (h *handler) queries() *content.Runner {
	return content.NewRunner(h.Content, queriesDocument+render.Fragment)
}
