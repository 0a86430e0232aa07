package editorial_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
)

// Authors are those of the revisions after one.
func TestAuthors(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		id := d.Entity("edited")
		system := domain.AsSystem(t.Context(), "import")
		if _, err := d.Save(system, editorial.SaveParams{Type: domain.Entity, Mode: editorial.Update, Fields: fields{"id": "edited", "country": "JP"}}); err != nil {
			t.Fatal(err)
		}
		all, err := d.Authors(d.Ctx, id, 0)
		later, err2 := d.Authors(d.Ctx, id, 1)
		none, err3 := d.Authors(d.Ctx, id, 2)
		if err := errors.Join(err, err2, err3); err != nil || len(all) != 2 || !slices.Equal(later, []string{"system: import"}) || len(none) != 0 {
			t.Errorf("got %v, %v, %v, %v", all, later, none, err)
		}
		if _, err := d.Authors(domain.WithViewer(t.Context(), domain.Anonymous()), id, 0); err == nil {
			t.Error("an anonymous viewer learned the authors")
		}
	})
}
