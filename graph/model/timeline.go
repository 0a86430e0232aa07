package model

import (
	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge"
)

// ObservationCounts are observations counted over time.
type ObservationCounts struct {
	Buckets  []*ObservationBucket
	Undated  int
	Complete bool
}

// ObservationBucket is the observations of a day, week or month.
type ObservationBucket struct {
	Start         domain.Date
	Count         int
	Reach         *int
	ReachExceeded bool
	Groups        []*ObservationGroupCount
}

// ObservationGroupCount is the observations of a bucket with one platform or language.
type ObservationGroupCount struct {
	Platform      *db.Entity
	Language      *string
	Count         int
	Reach         *int
	ReachExceeded bool
}

// TimelineEntryConnection is a page of a timeline.
type TimelineEntryConnection struct {
	Edges    []*TimelineEntryEdge
	Nodes    []*TimelineEntry
	PageInfo *read.PageInfo
	// Params are those of the whole timeline.
	Params knowledge.TimelineParams
}

// TimelineEntryEdge is an entry with its place in a timeline.
type TimelineEntryEdge struct {
	Cursor string
	Node   *TimelineEntry
}

// TimelineEntry is something that has a date.
type TimelineEntry struct {
	Kind        string
	Date        domain.Date
	Until       *domain.Date
	Title       string
	Document    Document
	Observation *db.Observation
	Listing     *db.Listing
	Item        *db.EditionItem
}

// TimelineBuckets is a timeline counted.
type TimelineBuckets struct {
	Buckets  []*TimelineBucket
	Undated  int
	Complete bool
}

// TimelineBucket is the entries of a year, month or day.
type TimelineBucket struct {
	Start domain.Date
	Count int
	Kinds []*TimelineKindCount
}

// TimelineKindCount is the entries of one kind in a bucket.
type TimelineKindCount struct {
	Kind  string
	Count int
}
