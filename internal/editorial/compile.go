package editorial

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
)

// CompileParams is what [Desk.CompileEdition] makes an edition from.
type CompileParams struct {
	// Series and Edition are ids or slugs. Without an edition, a new one of the series is
	// made; with one, Series may be left out.
	Series, Edition *string
	// From and To are the first and the last day. Without them they are those of the
	// edition, or what the series proposes.
	From, To *domain.Date
	// Number and Title are those of a new edition; without them, the number is the one that
	// the series proposes, and the title is that of the series with the number.
	Number  *int
	Title   *string
	Version *int // of the edition that the editor started from
	Message *string
}

// CompileResult is the result of [Desk.CompileEdition].
type CompileResult struct {
	SaveResult
	Proposed []Proposal // in the order of their items
	LeftOut  []LeftOut
}

// ProposalReason says why an item is proposed.
type ProposalReason string

const (
	PublishedInTime ProposalReason = "PUBLISHED"   // the document was published
	UpdatedInTime   ProposalReason = "UPDATED"     // the document was published again
	DatedEvent      ProposalReason = "EVENT"       // the event or legal instrument has a date in the time
	DatedSighting   ProposalReason = "OBSERVATION" // an observation of a narrative
	DatedListing    ProposalReason = "LISTING"     // a listing of an entity began or ended
)

// ProposalReasons are the reasons, in the order of the schema.
var ProposalReasons = []ProposalReason{PublishedInTime, UpdatedInTime, DatedEvent, DatedSighting, DatedListing}

// Proposal is an item that was added to an edition.
type Proposal struct {
	Row    domain.ID // of the item
	Reason ProposalReason
	Origin domain.ID // the document that it was made from
	// Tag and Entity are the group of the item: those of its tags and entities that most
	// proposals have; 0 where it has none.
	Tag, Entity domain.ID
}

// LeftOutReason says why something is not proposed.
type LeftOutReason string

const (
	AlreadyProposed  LeftOutReason = "ALREADY_PROPOSED"   // the edition has, or had, an item made from it
	InAnotherEdition LeftOutReason = "IN_ANOTHER_EDITION" // another edition of the series has an item made from it
	Covered          LeftOutReason = "COVERED"            // it was updated, and items are made from its observations or listings
	NoEvent          LeftOutReason = "NO_EVENT"           // an entity that is neither an event nor a legal instrument
	TooMany          LeftOutReason = "TOO_MANY"           // an edition has no more items
)

// LeftOutReasons are the reasons, in the order of the schema.
var LeftOutReasons = []LeftOutReason{AlreadyProposed, InAnotherEdition, Covered, NoEvent, TooMany}

// LeftOut is something that happened, and of which no item was made.
type LeftOut struct {
	Origin   domain.ID
	Headline string // of the item that it would have been
	Reason   LeftOutReason
}

// CompileEdition drafts an edition from what happened between two days: documents that were
// published or updated, events and legal instruments, observations, and listings, as live
// shows them. Items are added behind those that the edition has, grouped by tag and entity. What
// the edition has, or had, an item of is not proposed again, nor is what another edition of the
// series has.
//
// Nothing is proposed, or mentioned, that is marked higher than the edition or than the
// viewer's clearance. A new edition has the marking of its series.
//
// Errors: those of [Desk.Save].
func (d *Desk) CompileEdition(ctx context.Context, params CompileParams) (CompileResult, error) {
	viewer, err := d.authorize(ctx, domain.WriteDrafts)
	if err != nil {
		return CompileResult{}, err
	}
	draft, err := d.draftOf(ctx, params)
	if err != nil {
		return CompileResult{}, err
	}
	clearance := min(viewer.Clearance, draft.marking)
	// Ahead of the transaction, which must not wait for live.
	window, err := d.live.Window(ctx, clearance, draft.from, draft.to)
	if err != nil {
		return CompileResult{}, err
	}
	candidates := candidatesOf(window)
	var out CompileResult
	_, err = d.withTx(ctx, domain.WriteDrafts, func(ctx context.Context, e *editTx) (err error) {
		if out, err = e.compile(ctx, draft, candidates); err != nil {
			return err
		}
		return e.recordSave(ctx, out.SaveResult)
	})
	if err != nil {
		return CompileResult{}, err
	}
	return out, nil
}

// editionDraft is the edition that is compiled, and for which time.
type editionDraft struct {
	series   domain.ID
	edition  domain.ID // 0 for a new one
	version  *int
	marking  domain.Marking
	from, to domain.Date
	number   int
	title    string
	message  string
}

const notCompiled = "the edition cannot be compiled"

// draftOf checks the parameters, and fills in what the edition has or the series proposes.
func (d *Desk) draftOf(ctx context.Context, params CompileParams) (*editionDraft, error) {
	var p domain.Problems
	db := d.stores.DeskRows()
	draft := &editionDraft{version: params.Version, message: optionalText(params.Message, "message", &p)}
	edition, series := aggregate.NewRow(), aggregate.NewRow()
	find := func(t domain.Type, name *string, path string) (domain.ID, error) {
		if name == nil {
			return 0, nil
		}
		found, err := aggregate.Lookup(ctx, db, t, []string{*name})
		if err != nil || found[*name] != 0 {
			return found[*name], err
		}
		return 0, aggregate.AddUnknown(ctx, db, t, *name, path, "", &p)
	}
	load := func(id domain.ID, into **aggregate.Row) error {
		rows, err := aggregate.Load(ctx, db, id.Type(), []domain.ID{id})
		if err == nil && rows[id] != nil {
			*into = rows[id]
		}
		return err
	}
	var err error
	if draft.edition, err = find(domain.Edition, params.Edition, "edition"); err != nil {
		return nil, err
	}
	if draft.series, err = find(domain.Series, params.Series, "series"); err != nil {
		return nil, err
	}
	if draft.edition != 0 {
		if err := load(draft.edition, &edition); err != nil {
			return nil, err
		}
		if of := edition.Ref("series_id"); draft.series == 0 {
			draft.series = of
		} else if draft.series != of {
			p.Add("series", "is not the series of the edition")
		}
		for path, given := range map[string]bool{"title": params.Title != nil, "number": params.Number != nil} {
			if given {
				p.Add(path, "is for a new edition: change that of this one with updateEdition")
			}
		}
	} else if params.Version != nil && params.Edition == nil {
		p.Add("version", "is for an edition that is there: give edition, too")
	}
	if draft.series == 0 {
		if params.Series == nil && params.Edition == nil {
			p.Add("series", "is required: the id or the slug of the series, unless edition is given")
		}
		return nil, p.Err(notCompiled)
	}
	if err := load(draft.series, &series); err != nil {
		return nil, err
	}
	next, err := nextEdition(ctx, db, draft.series)
	if err != nil {
		return nil, err
	}
	draft.marking = domain.Marking(series.Int("marking"))
	if draft.edition != 0 {
		draft.marking = domain.Marking(edition.Int("marking"))
		next.Period = &Period{edition.Date("period_start"), edition.Date("period_end")}
	}
	draft.setTime(params, next.Period, &p)
	draft.setName(params, series.Text("title"), next.Number, &p)
	return draft, p.Err(notCompiled)
}

// setName sets the number and the title of a new edition.
func (draft *editionDraft) setName(params CompileParams, series string, number int, p *domain.Problems) {
	fields := map[string]any{}
	if params.Number != nil {
		number, fields["number"] = *params.Number, *params.Number
	}
	if params.Title != nil {
		fields["title"] = *params.Title
	}
	given := aggregate.DecodeInput(aggregate.SpecOf(domain.Edition), fields, nil, p)
	draft.number = number
	draft.title = cmp.Or(given.Root.Text("title"), clipTo(fmt.Sprintf("%s %d", series, number), maxHeadline))
}

// setTime sets the days from the parameters, or else from a period.
func (draft *editionDraft) setTime(params CompileParams, period *Period, p *domain.Problems) {
	if period == nil {
		period = &Period{}
	}
	day := func(given *domain.Date, proposed domain.Date, path string) domain.Date {
		if given == nil {
			given = &proposed
		}
		switch _, err := time.Parse(time.DateOnly, string(*given)); {
		case *given == "":
			p.Add(path, "is required: neither the edition nor the series says which days it covers")
		case err != nil:
			p.Add(path, "want a day, as in \"2026-03-01\", not %q", string(*given))
		default:
			return *given
		}
		return ""
	}
	draft.from = day(params.From, period.Start, "from")
	draft.to = day(params.To, period.End, "to")
	if draft.from.After(draft.to) {
		p.Add("to", "%s is before from (%s)", draft.to, draft.from)
	}
}
