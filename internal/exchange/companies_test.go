package exchange_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/exchange"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

const header = "Name,Clean Name,Alias,Previous Name,Parent Name,Note,Start date,End date,Source Url\n"

var params = exchange.CompaniesParams{Authority: "Listing Office", Programme: "Invented list", Source: "invented-list"}

func newDesk(s *store.Stores) *editorial.Desk {
	return editorial.New(s, projection.New(s, slog.New(slog.DiscardHandler), time.Now).WithPatience(storetest.Patience), slog.New(slog.DiscardHandler), time.Now)
}

// files returns the files of a list, in order.
func files(contents ...string) (files []exchange.File) {
	for i, content := range contents {
		file := exchange.File{Reader: strings.NewReader(content)}
		if len(contents) > 1 {
			file.Name = fmt.Sprintf("%d.csv", i+1)
		}
		files = append(files, file)
	}
	return files
}

func TestImportCompanies(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		desk := newDesk(s)
		ctx := domain.AsSystem(t.Context(), "import")
		file := header +
			`x,"Harbour Cranes Co., Ltd.","HC,Harbour Tech Co., Ltd.",Old Cranes; OC,Harbour Group (HG),,2021-06-03,2024-01-31,` + "\n" +
			`x,"HARBOUR CRANES CO LTD",HC,,"Harbour Group",why,2025-01-07,,https://example.org/list` + "\n" +
			`x,,,,,,2025-01-07,,` + "\n" +
			`x,Backwards Ltd.,,,,,2025-01-07,2021-01-01,` + "\n" +
			`x,Nodate Ltd.,,,,,soon,,` + "\n" +
			"too,few\n" +
			`x,Harbour Group,,,Sea Holding,,2025-01-07,,` + "\n" +
			`x,"` + strings.Repeat("long ", 70) + `",,,,,2025-01-07,,` + "\n"
		got, err := exchange.ImportCompanies(ctx, desk, files(file), params)
		if err != nil {
			t.Fatal(err)
		}
		if got.Rows != 8 || got.BadRows != 5 || got.Imported() != 3 || got.Listed != 2 || got.Parents != 1 || got.Listings != 3 || got.Relationships != 2 || got.Created != 6 || len(got.Problems) != 5 {
			t.Errorf("got %+v", got)
		}
		for i, line := range []int{4, 5, 6, 7, 9} {
			if i < len(got.Problems) && got.Problems[i].Places[0].Line != line {
				t.Errorf("bad row %d: got %+v, want line %d", i, got.Problems[i], line)
			}
		}
		stored, err := desk.Find(ctx, domain.Entity, "harbour-cranes-co-ltd")
		if err != nil || stored == nil {
			t.Fatalf("got %v, %v", stored, err)
		}
		fields := stored.Fields
		var names []string
		for _, n := range fields["names"].([]any) {
			n := n.(map[string]any)
			names = append(names, n["kind"].(string)+" "+n["text"].(string))
		}
		if want := "FORMER OC|FORMER Old Cranes|ALIAS HC|ALIAS Harbour Tech Co., Ltd."; strings.Join(names, "|") != want {
			t.Errorf("got names %q, want %q", names, want)
		}
		if n := len(fields["listings"].([]any)); n != 2 {
			t.Errorf("got %d listings, want 2", n)
		}

		// Changes of editors stay, and the same file again changes nothing.
		fields["country"], fields["id"] = "JP", "harbour-cranes-co-ltd"
		fields["names"] = append(fields["names"].([]any), map[string]any{"text": "By hand", "kind": "ALIAS"})
		fields["slug"] = "cranes"
		if _, err := desk.Save(ctx, editorial.SaveParams{Type: domain.Entity, Mode: editorial.Update, Fields: fields}); err != nil {
			t.Fatal(err)
		}
		again, err := exchange.ImportCompanies(ctx, desk, files(file), params)
		if err != nil || again.Created != 0 || again.Changed != 0 || again.Unchanged != 6 {
			t.Errorf("again: got %+v, %v; want nothing changed", again, err)
		}
	})
}

func TestImportRefusesAFileOfAnotherForm(t *testing.T) {
	t.Parallel()
	ctx := domain.AsSystem(t.Context(), "import")
	for _, file := range []string{"", "a,b\n1,2\n", "\x00\"\n"} {
		_, err := exchange.ImportCompanies(ctx, newDesk(storetest.SQLite(t)), files(file), params)
		if !errors.Is(err, domain.ErrInvalid) {
			t.Errorf("%q: got %v, want ErrInvalid", file, err)
		}
	}
}
