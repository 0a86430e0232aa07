package editorial_test

import (
	"errors"
	"strings"
	"testing"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/ent/db/footnote"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func (d *desk) try(doc domain.Type, mode editorial.Mode, f fields) error {
	_, err := d.Save(d.Ctx, editorial.SaveParams{Type: doc, Mode: mode, Fields: f})
	return err
}

func TestSaveReportsEveryProblemAtOnce(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Tag("supply-chain")
		err := d.try(domain.Report, editorial.Create, fields{
			"kind": "NOVEL", "language": "xx-not", "slug": "No Slug", "marking": "PINK",
			"title": "Two\nlines", "methods": list("OSINT", "OSINT", "MAGIC"), "tags": list("suply-chain", "supply-chain", "supply-chain"),
			"body": "A.[^1]\n\nB. [[nobody]]\n\n<script>x</script>", "colour": "red",
			"contributions": list(fields{"role": "KING"}),
		})
		wantFields(t, err, "kind", "language", "slug", "marking", "title", "methods[1]", "methods[2]",
			"tags[0]", "tags[2]", "body", "body", "body", "colour", "contributions[0].entity", "contributions[0].role")
		for _, want := range []string{`did you mean "supply-chain"?`, "line 1:", "line 3:", "line 5:"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("the error does not say %q:\n%v", want, err)
			}
		}
		if got, err := d.PendingChanges(d.Ctx, nil, 0, 10); err != nil || len(got) != 0 {
			t.Errorf("something was written: %v, %v", got, err)
		}
	})
}

// A database may have its texts in the order of a dictionary, in which "~" comes
// before every letter.
func TestSlugsAreSuggestedInADatabaseOfAnyLocale(t *testing.T) {
	t.Parallel()
	d := newDesk(t, storetest.PostgresICU(t))
	d.Tag("supply-chain")
	err := d.try(domain.Report, editorial.Create, fields{"slug": "r", "title": "R", "kind": "BRIEF", "language": "en", "tags": list("suply-chain", "supply-chains")})
	if err == nil || strings.Count(err.Error(), `did you mean "supply-chain"?`) != 2 {
		t.Errorf("got %v", err)
	}
}

func TestSaveChecksFields(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Source("s")
		d.Entity("a")
		d.Entity("b")
		tie := func(more fields) fields {
			return merge(fields{"from": "a", "to": "b", "kind": "OWNS", "confidence": "CONFIRMED"}, []fields{more})
		}
		entity := func(more fields) fields {
			return merge(fields{"name": "N", "kind": "COMPANY"}, []fields{more})
		}
		tests := []struct {
			name  string
			doc   domain.Type
			input fields
			want  []string
		}{
			{"ShareAbove100", domain.Relationship, tie(fields{"share": 100.5}), []string{"share"}},
			{"ShareTooFine", domain.Relationship, tie(fields{"share": 33.3333333}), []string{"share"}},
			{"ShareOfAnotherKind", domain.Relationship, tie(fields{"kind": "FUNDS", "share": 10}), []string{"share"}},
			{"ShareAndRange", domain.Relationship, tie(fields{"share": 10, "shareMin": 5, "shareMax": 20}), []string{"shareMax", "shareMin"}},
			{"RangeUpsideDown", domain.Relationship, tie(fields{"shareMin": 50, "shareMax": 25}), []string{"shareMax"}},
			{"RangeOfOneShare", domain.Relationship, tie(fields{"shareMin": 50, "shareMax": 50}), []string{"shareMax"}},
			{"RangeOfAnotherKind", domain.Relationship, tie(fields{"kind": "FUNDS", "shareMin": 10, "shareMax": 20}), []string{"shareMax", "shareMin"}},
			{"SelfLoop", domain.Relationship, tie(fields{"to": "a"}), []string{"to"}},
			{"EndBeforeStart", domain.Relationship, tie(fields{"since": "2020-05", "until": "2020-04-30"}), []string{"until"}},
			{"NoSuchDay", domain.Relationship, tie(fields{"since": "2023-02-29"}), []string{"since"}},
			{"EndOfAnotherType", domain.Relationship, tie(fields{"to": "src_0000000000000"}), []string{"to"}},
			{"Country", domain.Entity, entity(fields{"country": "EU"}), []string{"country"}},
			{"Homepage", domain.Entity, entity(fields{"homepage": "javascript:alert(1)"}), []string{"homepage"}},
			{"NULByte", domain.Entity, entity(fields{"name": "a\x00b"}), []string{"name"}},
			{"BadUTF8", domain.Entity, entity(fields{"name": "a\xff"}), []string{"name"}},
			{"WrongGoType", domain.Entity, entity(fields{"name": 7, "names": "x"}), []string{"name", "names[0]"}},
			{"IdentifierTwice", domain.Entity, entity(fields{"identifiers": list(
				fields{"scheme": "LEI", "value": "1"}, fields{"scheme": "LEI", "value": "1"})}), []string{"identifiers[1]"}},
			{"SourceAndCitations", domain.Entity, entity(fields{"listings": list(
				fields{"authority": "A", "source": "s", "citations": list(fields{"source": "s"})})}), []string{"listings[0].source"}},
			{"Listing", domain.Entity, entity(fields{"listings": list(fields{"since": "2021", "until": "2020"})}),
				[]string{"listings[0].authority", "listings[0].until"}},
			{"NestedReference", domain.Entity, entity(fields{"listings": list(
				fields{"authority": "A", "citations": list(fields{"source": "none"})})}), []string{"listings[0].citations[0].source"}},
			{"EmptyInput", domain.Report, fields{}, []string{"title", "kind", "language"}},
			{"Credibility", domain.Source, fields{"title": "t", "credibility": 7}, []string{"credibility"}},
			{"MediaType", domain.Asset, fields{"url": "https://example.org/a.png", "mediaType": "png"}, []string{"mediaType"}},
			{"TitleInAnotherScript", domain.Report, fields{"title": "报告", "kind": "BRIEF", "language": "zh"}, []string{"slug"}},
			{"FootnotesElsewhere", domain.Entity, entity(fields{"description": "x[^1]\n\n[^1]: y"}), []string{"description"}},
		}
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				wantFields(t, d.try(test.doc, editorial.Create, test.input), test.want...)
			})
		}
	})
}

func TestUpdateKeepsWhatIsAbsentAndClearsWhatIsNull(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Tag("sea")
		id := d.Report("cranes", fields{"subtitle": "Sub", "question": "Why?", "tags": list("sea")})
		saved := d.MustSave(domain.Report, editorial.Update, fields{"id": "cranes", "question": nil, "title": "New"})
		if saved.Version != 2 || !saved.Changed || saved.ID != id {
			t.Errorf("got %+v, want version 2 of %v", saved, id)
		}
		changes, err := d.Diff(d.Ctx, id, 1, 2)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range changes {
			got = append(got, c.Path)
		}
		if strings.Join(got, " ") != "question title" {
			t.Errorf("changed %v, want question and title", got)
		}
		wantFields(t, d.try(domain.Report, editorial.Update, fields{"id": "cranes", "title": nil, "marking": nil}), "title", "marking")
		if err := d.try(domain.Report, editorial.Update, fields{"id": "none", "title": "x"}); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("update of nothing: got %v, want ErrNotFound", err)
		}
	})
}

func TestASaveThatChangesNothingWritesNothing(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Source("list")
		input := fields{"slug": "acme", "name": "Acme", "kind": "COMPANY", "country": "cn",
			"names":    list(fields{"text": "A", "kind": "ALIAS"}, fields{"text": "B", "kind": "FORMER"}),
			"listings": list(fields{"authority": "X", "source": "list", "since": "2020"})}
		first := d.MustSave(domain.Entity, editorial.Upsert, input)
		again := d.MustSave(domain.Entity, editorial.Upsert, input)
		if !first.Created || again.Created || again.Changed || again.Version != 1 {
			t.Errorf("got %+v, then %+v", first, again)
		}
	})
}

func TestOldSlugsKeepResolving(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		id := d.Entity("one")
		d.MustSave(domain.Entity, editorial.Update, fields{"id": "one", "slug": "two"})
		saved := d.MustSave(domain.Entity, editorial.Update, fields{"id": "one", "slug": "three"})
		if saved.ID != id {
			t.Errorf("the first slug led to %v, want %v", saved.ID, id)
		}
		wantFields(t, d.try(domain.Entity, editorial.Create, fields{"slug": "one", "name": "n", "kind": "COMPANY"}), "slug")
		d.MustPublish("entity:two")
		d.MustSave(domain.Entity, editorial.Update, fields{"id": "two", "slug": "one"}) // it may take its own back
		d.MustPublish("entity:three")
		d.Report("cranes", fields{"body": "[[two]] and [[three]]", "entities": list("two")})
		d.MustPublish("report:cranes")
		ctx := domain.WithViewer(t.Context(), domain.Anonymous())
		if got := d.Stores.Client(ctx).ReportMention.Query().CountX(ctx); got != 1 {
			t.Errorf("two slugs of one entity made %d mentions, want 1", got)
		}
		if got := d.Stores.Client(ctx).Alias.Query().CountX(ctx); got != 2 {
			t.Errorf("live has %d aliases, want 2", got)
		}
		d.WantRebuilt()
	})
}

func TestSlugsAreMadeFromTitles(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for range 2 {
			d.MustSave(domain.Entity, editorial.Create, fields{"name": "Société d'Énergie", "kind": "COMPANY"})
		}
		d.Entity("x")
		d.MustSave(domain.Relationship, editorial.Create, fields{
			"from": "societe-denergie", "to": "societe-denergie-2", "kind": "PARTNER_OF", "confidence": "POSSIBLE"})
		if err := d.try(domain.Relationship, editorial.Update, fields{"id": "societe-denergie-partner-of-societe-denergie-2", "role": "r"}); err != nil {
			t.Error(err)
		}
	})
}

func TestTreesRefuseCycles(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Tag("a")
		d.Tag("b", fields{"parent": "a"})
		d.Tag("c", fields{"parent": "b"})
		wantFields(t, d.try(domain.Tag, editorial.Update, fields{"id": "a", "parent": "c"}), "parent")
		wantFields(t, d.try(domain.Tag, editorial.Update, fields{"id": "a", "parent": "a"}), "parent")
		d.MustSave(domain.Tag, editorial.Update, fields{"id": "c", "parent": "a"})
	})
}

func TestFootnotes(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Source("register")
		d.Source("site")
		id := d.Report("cranes", fields{"body": "One.[^b] Two.[^a]\n\n[^a]: See <https://example.org/site>.\n[^b]: [@register, p. 3]"})
		staff := domain.WithStage(d.Ctx, domain.Desk)
		notes := d.Stores.Client(staff).Footnote.Query().Where(entsql.FieldEQ(footnote.FieldReportID, id)).Order(footnote.ByNumber()).AllX(staff)
		if len(notes) != 2 || notes[0].Label != "b" || notes[0].SourceID == nil || *notes[0].Locator != "p. 3" || notes[1].SourceID == nil {
			t.Errorf("got %v", notes)
		}
		first := notes[0].ID
		d.MustSave(domain.Report, editorial.Update, fields{"id": "cranes", "title": "Other"})
		if got := d.Stores.Client(staff).Footnote.Query().Where(entsql.FieldEQ(footnote.FieldNumber, 1)).OnlyX(staff).ID; got != first {
			t.Error("a footnote that did not change got another id")
		}
		wantFields(t, d.try(domain.Report, editorial.Update, fields{"id": "cranes", "body": "x[^1]\n\n[^1]: [@none]"}), "body")
	})
}

func TestVersionConflictSaysWhatChanged(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Report("cranes")
		d.MustSave(domain.Report, editorial.Update, fields{"id": "cranes", "version": 1, "title": "Ann's"})
		err := d.try(domain.Report, editorial.Update, fields{"id": "cranes", "version": 1, "title": "Ben's"})
		e, ok := errors.AsType[*domain.Error](err)
		if !ok || e.Kind != domain.KindConflict || len(e.Fields) != 1 || e.Fields[0].Path != "title" {
			t.Errorf("got %v, want a conflict about the title", err)
		}
	})
}

// Concurrent editors of one version: one wins, the others get a conflict, and what
// the winner wrote is there.
func TestConcurrentEditors(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		id := d.Report("cranes")
		const editors = 8
		results := make(chan error, editors)
		for i := range editors {
			go func() {
				results <- d.try(domain.Report, editorial.Update, fields{"id": "cranes", "version": 1, "title": strings.Repeat("x", i+1)})
			}()
		}
		won := 0
		for range editors {
			err := <-results
			switch {
			case err == nil:
				won++
			case !errors.Is(err, domain.ErrConflict):
				t.Errorf("got %v, want ErrConflict", err)
			}
		}
		if won != 1 {
			t.Errorf("%d editors won, want 1", won)
		}
		if changes, err := d.Diff(d.Ctx, id, 1, 2); err != nil || len(changes) != 1 {
			t.Errorf("the winner's change: got %v, %v", changes, err)
		}
		if _, err := d.Diff(d.Ctx, id, 1, 3); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("there is a third revision: %v", err)
		}
	})
}

// Publishers at the same time: the log has no gap and live has it all.
func TestConcurrentPublishers(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		const n = 12
		results := make(chan error, n)
		for i := range n {
			slug := "r" + strings.Repeat("x", i)
			d.Report(slug)
			go func() {
				_, err := d.Publish(d.Ctx, editorial.PublishParams{Documents: []string{"report:" + slug}})
				results <- err
			}()
		}
		for range n {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		if got := len(d.LiveNames(domain.Clear)); got != n {
			t.Errorf("live has %d reports, want %d", got, n)
		}
		staff := domain.WithStage(d.Ctx, domain.Desk)
		for i, e := range d.Stores.Client(staff).PublicationEntry.Query().AllX(staff) {
			if e.ID != int64(i+1) {
				t.Fatalf("entry %d has sequence %d", i, e.ID)
			}
		}
		d.WantRebuilt()
	})
}

// What Find reads, Save takes, and nothing changes.
func TestFieldsAreAnInput(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Source("list")
		d.Tag("sea", fields{"marking": "GREEN"})
		d.Entity("acme", fields{"country": "JP", "tags": list("sea"), "names": list(fields{"text": "A", "kind": "ALIAS"}),
			"listings": list(fields{"authority": "X", "since": "2020-02", "citations": list(fields{"source": "list", "quote": "q"})})})
		d.Entity("zeta")
		d.Relationship("acme", "zeta", fields{"slug": "tie", "kind": "OWNS", "share": 33.4, "citations": list(fields{"source": "list"})})
		d.Report("cranes", fields{"keyFindings": list("a"), "methods": list("OSINT"), "entities": list("acme"), "body": "x[^1]\n\n[^1]: [@list]"})
		for doc, slug := range map[domain.Type]string{domain.Tag: "sea", domain.Entity: "acme", domain.Relationship: "tie", domain.Report: "cranes"} {
			stored, err := d.Find(d.Ctx, doc, slug)
			if err != nil || stored == nil {
				t.Fatalf("got %v, %v", stored, err)
			}
			input := stored.Fields
			input["id"], input["version"] = slug, stored.Version
			if saved := d.MustSave(doc, editorial.Update, input); saved.Changed {
				t.Errorf("%v: the fields, saved again, changed something", doc)
			}
		}
		if stored, err := d.Find(d.Ctx, domain.Report, "none"); stored != nil || err != nil {
			t.Errorf("a document that is not there: got %v, %v", stored, err)
		}
	})
}
