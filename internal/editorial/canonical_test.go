package editorial_test

import (
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/editorial/editorialtest"
)

// Documents are found by their names in the form in which names are stored.
func TestNamesInInputsAreBroughtToTheirForm(t *testing.T) {
	editorialtest.Each(t, func(t *testing.T, d *editorialtest.Desk) {
		tag, ports := d.Tag("cranes"), d.Entity("ports")
		if got := d.MustSave(domain.Tag, editorial.Upsert, fields{"slug": " cranes\n", "label": "Cranes", "vocabulary": "TOPIC"}); got.ID != tag || got.Created {
			t.Errorf("an upsert with space around the slug: got %+v, want an update of %s", got, tag)
		}
		if got := d.MustSave(domain.Entity, editorial.Update, fields{"id": " " + strings.ToUpper(ports.String()) + " ", "description": "x"}); got.ID != ports {
			t.Errorf("an id in capitals: got %+v", got)
		}
		d.Report("report", fields{"tags": []any{" cranes"}, "entities": []any{ports.String() + " "}})
		if _, err := d.Publish(d.Ctx, editorial.PublishParams{Documents: []string{" report: report "}, References: editorial.Include}); err != nil {
			t.Error(err)
		}
		found, err := d.TagsNamed(d.Ctx, []string{" cranes", strings.ToUpper(tag.String()), "nothing"})
		if err != nil || len(found) != 2 || found[" cranes"] != tag || found[strings.ToUpper(tag.String())] != tag {
			t.Errorf("got %v, %v", found, err)
		}
	})
}

// Names that differ in case and in how accents are encoded are one.
func TestNamesAreFoldedAlike(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Äpfel GmbH", "ΑΊ\u0345", "ǰ", "Łódź", "Straße", "Й̣", "각", "ﬁ", "İ"} {
		want := editorial.FoldName(norm.NFC.String(name))
		for _, other := range []string{norm.NFD.String(name), editorial.FoldName(name), "  " + strings.ReplaceAll(name, " ", " \u3000 ")} {
			if got := editorial.FoldName(other); got != want {
				t.Errorf("%q and %q: got %q and %q", name, other, want, got)
			}
		}
		if !norm.NFC.IsNormalString(want) {
			t.Errorf("%q: %q is not in NFC", name, want)
		}
	}
}
