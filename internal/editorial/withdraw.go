package editorial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
)

// WithdrawParams names a source, by id or slug, that is to be taken back. A Preview says what the withdrawal would do, and does
// nothing.
type WithdrawParams struct {
	ID      string
	Preview bool
	Message *string
}

// WithdrawResult is the result of a withdrawal, or of its preview.
type WithdrawResult struct {
	Source    domain.ID
	Withdrawn bool
	// Claims are all that rest on the source, on the desk or in live: what stands in the way of the withdrawal first.
	Claims []WithdrawnClaim
	// Edited are the documents that lose a citation and are unchanged otherwise, on the desk and in live.
	Edited []domain.ID
	// Unpublished are the relationships that are no longer live.
	Unpublished []domain.ID
}

// ClaimCount returns how many claims rest on the source.
func (r *WithdrawResult) ClaimCount() int { return len(r.Claims) }

// CitationCount returns how many citations and footnotes of the claims are of the source.
func (r *WithdrawResult) CitationCount() int {
	n := 0
	for _, c := range r.Claims {
		n += c.Citations
	}
	return n
}

// Outcome is what becomes of a claim when its source is taken back.
type Outcome string

// The outcomes, in the order of results. The first two stand in the way of a withdrawal.
const (
	NeedsSource   Outcome = "NEEDS_SOURCE"   // in live it would be left without one
	NeedsEdit     Outcome = "NEEDS_EDIT"     // a text cites it
	IsUnpublished Outcome = "UNPUBLISHED"    // the relationship is left without one
	LosesCitation Outcome = "LOSES_CITATION" // it has others
)

var outcomes = []Outcome{NeedsSource, NeedsEdit, IsUnpublished, LosesCitation}

// WithdrawnClaim is a claim that rests on a source that is taken back.
type WithdrawnClaim struct {
	Document       domain.ID
	Kind           string // as in knowledge.ClaimKinds
	Name           string // of the claim in the document; empty of a relationship
	Locator, Quote string // of the first citation of the source; empty without
	Live           bool   // it rests on the source in live, otherwise only in a draft
	Citations      int    // how many times it cites the source
	Remaining      int    // its other citations
	Outcome        Outcome

	row domain.ID
	// borne says that the draft does without the source: the claim is not in it, or cites others only.
	borne bool
}

// maxWithdrawn is how many documents may cite a source that is withdrawn.
const maxWithdrawn = 2000

// WithdrawSource takes a source back: no document cites it any more, on the desk and in live, and it goes to the trash. A
// relationship that would be left without a source is unpublished. All of it is one release. Needs the right PUBLISH.
//
// Errors: KindNotFound without such a source; KindConflict, with all reasons, while a listing, a sighting or an item in live
// would be left without a source, or while a text cites it in a footnote: what to do about these is for an editor.
func (d *Desk) WithdrawSource(ctx context.Context, params WithdrawParams) (WithdrawResult, error) {
	var out WithdrawResult
	_, err := d.withTx(ctx, domain.PublishDocuments, func(ctx context.Context, e *editTx) (err error) {
		w := &withdrawal{rewriting: newRewriting(e)}
		if out, err = w.run(ctx, params); err != nil {
			return err
		}
		if params.Preview {
			return errPreview
		}
		return e.record(ctx, audit.Entry{Action: audit.Withdraw, Documents: slices.Concat([]domain.ID{out.Source}, out.Edited, out.Unpublished),
			Detail: "the first is the source; the others no longer cite it"})
	})
	if err != nil && !errors.Is(err, errPreview) {
		return WithdrawResult{}, err
	}
	return out, nil
}

type withdrawal struct {
	*rewriting
	source *aggregate.Meta
	out    WithdrawResult
}

func (w *withdrawal) run(ctx context.Context, params WithdrawParams) (WithdrawResult, error) {
	if err := w.resolve(ctx, params); err != nil {
		return WithdrawResult{}, err
	}
	citing, err := w.citing(ctx)
	if err != nil {
		return WithdrawResult{}, err
	}
	metas, err := aggregate.ReadMeta(ctx, w.tx, citing)
	if err != nil {
		return WithdrawResult{}, err
	}
	if err := w.collect(ctx, citing, metas); err != nil {
		return WithdrawResult{}, err
	}
	if params.Preview {
		return w.out, nil
	}
	if err := w.refusal(metas); err != nil {
		return WithdrawResult{}, err
	}
	for _, id := range citing {
		meta := metas[id]
		if slices.Contains(w.out.Unpublished, id) {
			w.unpublish(meta)
			meta.LiveVersion = 0
		}
		if err := w.updateDeskAndLive(ctx, meta, w.drop, w.drop, forced{}); err != nil {
			return WithdrawResult{}, err
		}
	}
	if err := w.refuseWhileNamed(ctx); err != nil {
		return WithdrawResult{}, err
	}
	if err := w.release(ctx); err != nil {
		return WithdrawResult{}, err
	}
	w.out.Withdrawn = true
	return w.out, w.trash(ctx, w.source.ID)
}

// resolve finds the source and reads the message.
func (w *withdrawal) resolve(ctx context.Context, params WithdrawParams) error {
	var p domain.Problems
	w.message = optionalText(params.Message, "message", &p)
	if id, err := domain.ParseID(params.ID); err == nil && id.Type() != domain.Source {
		p.Add("id", "is the id of %s %s; want a source", aggregate.Article(id.Type()), id.Type())
	}
	if err := p.Err("nothing was withdrawn"); err != nil {
		return err
	}
	found, err := aggregate.Lookup(ctx, w.tx, domain.Source, []string{params.ID})
	if err != nil {
		return err
	}
	id, ok := found[params.ID]
	if !ok {
		message, err := aggregate.UnknownMessage(ctx, w.tx, domain.Source, params.ID)
		if err != nil {
			return err
		}
		return domain.NotFound("%s", message)
	}
	if w.source, err = w.header(ctx, id); err != nil {
		return err
	}
	w.out.Source = id
	w.message = cmp.Or(w.message, w.source.Name()+" was withdrawn")
	return nil
}

// citing returns the documents that cite the source, on the desk or in live.
func (w *withdrawal) citing(ctx context.Context) ([]domain.ID, error) {
	live, err := referringInLive(ctx, w.tx, []domain.ID{w.source.ID}, maxWithdrawn+1)
	if err != nil {
		return nil, err
	}
	desk, err := referring(ctx, w.tx, w.source.ID, maxWithdrawn+1)
	if err != nil {
		return nil, err
	}
	all := append(live, desk...)
	slices.Sort(all)
	if all = slices.Compact(all); len(all) > maxWithdrawn {
		return nil, domain.Conflict("more than %d documents cite %s: take it out of some of them first", maxWithdrawn, w.source.Name())
	}
	return all, nil
}

// collect finds the claims that rest on the source, and what becomes of them.
func (w *withdrawal) collect(ctx context.Context, citing []domain.ID, metas map[domain.ID]*aggregate.Meta) error {
	for t, ids := range aggregate.GroupByType(citing) {
		for batch := range slices.Chunk(ids, aggregate.MaxBatch) {
			desk, err := aggregate.Load(ctx, w.tx, t, batch)
			if err != nil {
				return err
			}
			numbers := map[domain.ID]int{}
			for _, id := range batch {
				if metas[id].IsLive() {
					numbers[id] = metas[id].LiveVersion
				}
			}
			live, err := aggregate.ReadRevisions(ctx, w.tx, numbers)
			if err != nil {
				return err
			}
			for _, id := range batch {
				w.collectOf(id, desk[id], live[id])
			}
		}
	}
	claims := w.out.Claims
	sort.Slice(claims, func(i, j int) bool {
		a, b := &claims[i], &claims[j]
		return cmp.Or(cmp.Compare(slices.Index(outcomes, a.Outcome), slices.Index(outcomes, b.Outcome)),
			cmp.Compare(a.Document.Type(), b.Document.Type()), cmp.Compare(metas[a.Document].Slug, metas[b.Document].Slug),
			cmp.Compare(a.Name, b.Name), cmp.Compare(a.row, b.row)) < 0
	})
	for _, c := range w.out.Claims {
		switch {
		case c.Outcome == IsUnpublished:
			w.out.Unpublished = append(w.out.Unpublished, c.Document)
		case c.Outcome == LosesCitation && !slices.Contains(w.out.Edited, c.Document):
			w.out.Edited = append(w.out.Edited, c.Document)
		}
	}
	return nil
}

// collectOf adds the claims of a document, each once: as it is in live, or else on the desk.
func (w *withdrawal) collectOf(id domain.ID, desk *aggregate.Row, live *aggregate.Snapshot) {
	seen := map[domain.ID]int{}
	collect := func(root *aggregate.Row, isLive bool) {
		eachClaim(id.Type(), root, func(kind, name string, row *aggregate.Row) {
			var own *aggregate.Row
			citations, remaining := 0, 0
			for _, c := range citationsOf(kind, row) {
				switch {
				case c.Ref("source_id") != w.source.ID:
					remaining++
				case own == nil:
					own = c
					fallthrough
				default:
					citations++
				}
			}
			if i, known := seen[row.ID]; known {
				w.out.Claims[i].borne = own == nil || remaining > 0 && kind != footnoteClaim
				return
			}
			if own == nil {
				return
			}
			seen[row.ID] = len(w.out.Claims)
			claim := WithdrawnClaim{Document: id, Kind: kind, Name: name, Locator: own.Text("locator"), Quote: own.Text("quote"),
				Live: isLive, Citations: citations, Remaining: remaining, row: row.ID, borne: isLive}
			switch {
			case kind == footnoteClaim:
				claim.Outcome = NeedsEdit
			case !isLive || remaining > 0:
				claim.Outcome = LosesCitation
			case id.Type() == domain.Relationship:
				claim.Outcome = IsUnpublished
			default:
				claim.Outcome = NeedsSource
			}
			w.out.Claims = append(w.out.Claims, claim)
		})
	}
	if live != nil {
		collect(live.Root, true)
	}
	if desk != nil {
		collect(desk, false)
	}
}

const footnoteClaim = "FOOTNOTE"

// citationsOf returns the rows of a claim that can refer to a source: of a footnote, itself.
func citationsOf(kind string, row *aggregate.Row) []*aggregate.Row {
	if kind == footnoteClaim {
		return []*aggregate.Row{row}
	}
	return row.Owned["citations"]
}

// eachClaim calls f for each row of a document that can cite, with its name in the document.
func eachClaim(t domain.Type, root *aggregate.Row, f func(kind, name string, row *aggregate.Row)) {
	switch t {
	case domain.Relationship:
		f("RELATIONSHIP", "", root)
	case domain.Entity:
		for _, l := range root.Owned["listings"] {
			f("LISTING", domain.ListingName(l.Text("authority"), l.Text("programme")), l)
		}
	case domain.Narrative:
		for _, o := range root.Owned["observations"] {
			f("OBSERVATION", domain.ObservationName(o.Date("observed_on"), ""), o)
		}
	case domain.Edition:
		for _, i := range root.Owned["edition_items"] {
			f("EDITION_ITEM", i.Text("headline"), i)
		}
	case domain.Report:
		for _, n := range root.Owned["footnotes"] {
			f(footnoteClaim, domain.FootnoteName(int(n.Int("number"))), n)
		}
	}
}

// drop takes the citations of the source out of a document.
func (w *withdrawal) drop(root *aggregate.Row) {
	for _, t := range []domain.Type{domain.Relationship, domain.Entity, domain.Narrative, domain.Edition} {
		eachClaim(t, root, func(_, _ string, row *aggregate.Row) {
			row.Owned["citations"] = slices.DeleteFunc(row.Owned["citations"], func(c *aggregate.Row) bool { return c.Ref("source_id") == w.source.ID })
		})
	}
}

// refusal returns an error with all claims that stand in the way.
func (w *withdrawal) refusal(metas map[domain.ID]*aggregate.Meta) error {
	var against []domain.FieldError
	for _, c := range w.out.Claims {
		what := metas[c.Document].Name() + ": " + c.Name
		switch {
		case c.Outcome == NeedsSource && c.borne:
			what += " has no other source in live; the draft does without it: publish that"
		case c.Outcome == NeedsSource:
			what += " has no other source in live: cite another one, or remove it, and publish"
		case c.Outcome != NeedsEdit:
			continue
		case c.borne:
			what += " cites it in the text that is live; the draft does not: publish that"
		case c.Live:
			what += " cites it in the text: change the text, and publish"
		default:
			what += " cites it in the text of a draft: change the text"
		}
		against = append(against, domain.FieldError{Path: "id", Message: what})
	}
	if len(against) == 0 {
		return nil
	}
	err := domain.Conflict("nothing was withdrawn: %d claims need an editor first", len(against))
	if len(against) == 1 {
		err = domain.Conflict("nothing was withdrawn: %s", against[0].Message)
	}
	err.Fields = against[:min(len(against), domain.MaxProblems)]
	return err
}

// refuseWhileNamed returns KindConflict if something still refers to the source that is no claim.
func (w *withdrawal) refuseWhileNamed(ctx context.Context) error {
	named, err := w.documentsNaming(ctx, w.source.ID)
	if err != nil || len(named) == 0 {
		return err
	}
	return domain.Conflict("nothing was withdrawn: %d documents name %s in their texts", len(named), w.source.Name())
}

// release publishes what was rewritten, and takes the source out of live.
func (w *withdrawal) release(ctx context.Context) error {
	if w.source.IsLive() {
		w.entries = append(w.entries, projection.Entry{Action: projection.ActionUnpublish, Document: w.source.ID, PublishedAt: w.at})
	}
	if len(w.entries) == 0 {
		return nil
	}
	var p domain.Problems
	path := func(domain.ID) string { return "id" }
	if _, err := w.publishEntries(ctx, publication{entries: w.entries, earlier: w.earlier, message: w.message, path: path}, &p); err != nil {
		return fmt.Errorf("withdraw %s: %w", w.source.Name(), err)
	}
	return p.Err("nothing was withdrawn")
}
