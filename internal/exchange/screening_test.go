package exchange_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange"
)

func TestReadNames(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name     string
		file     string
		params   exchange.ScreeningParams
		want     []exchange.ScreenedName
		problems []exchange.RowProblem
	}{
		{
			name: "UsualHeaders", file: "Country,Name\r\ncn,红线矿业有限公司\nZM,\"Westmoor, Ltd\"\n",
			want: []exchange.ScreenedName{{Line: 2, Name: "红线矿业有限公司", Country: "CN"}, {Line: 3, Name: "Westmoor, Ltd", Country: "ZM"}},
		},
		{
			name: "OneColumn", file: "\ufeffwhom\nRedline\n\nWestmoor\n",
			want: []exchange.ScreenedName{{Line: 2, Name: "Redline"}, {Line: 4, Name: "Westmoor"}},
		},
		{
			name: "NamedColumns", file: "id;who;lei\n7;Redline;5299\n8;Westmoor;\n",
			params: exchange.ScreeningParams{Name: "WHO", Identifiers: []string{"LEI=Lei", "OWN=id"}},
			want: []exchange.ScreenedName{
				{Line: 2, Name: "Redline", Identifiers: []exchange.ScreenedIdentifier{{Scheme: "LEI", Value: "5299"}, {Scheme: "OWN", Value: "7"}}},
				{Line: 3, Name: "Westmoor", Identifiers: []exchange.ScreenedIdentifier{{Scheme: "OWN", Value: "8"}}},
			},
		},
		{
			name: "BadRows", file: "name,country\n,CN\nRedline,China\na\"b,CN\nWestmoor,ZM\n",
			want: []exchange.ScreenedName{{Line: 3, Name: "Redline"}, {Line: 5, Name: "Westmoor", Country: "ZM"}},
			problems: []exchange.RowProblem{
				{2, "has no name"},
				{3, `has the country "China", which is no code of ISO 3166-1, as CN: the row is compared without it`},
				{4, `field 1 has a quote (") in it and does not begin with one: quote the field, and double the quotes in it`},
			},
		},
		{name: "Empty", file: "name\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, problems, err := exchange.ReadNames(strings.NewReader(row.file), row.params)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(row.problems, problems); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadNamesRefuses(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, file string
		params     exchange.ScreeningParams
		want       string
	}{
		{"NoColumnOfNames", "a,b\n1,2\n", exchange.ScreeningParams{}, `say which column has the names; the file has "a", "b"`},
		{"UnknownColumn", "name\nx\n", exchange.ScreeningParams{Name: "who"}, `there is no column "who"`},
		{"UnknownCountry", "name\nx\n", exchange.ScreeningParams{Country: "land"}, `there is no column "land"`},
		{"BadIdentifier", "name\nx\n", exchange.ScreeningParams{Identifiers: []string{"LEI"}}, `want SCHEME=COLUMN`},
		{"BadSeparator", "name\nx\n", exchange.ScreeningParams{Separator: "::"}, `cannot be the separator`},
		{"Nothing", "", exchange.ScreeningParams{}, "the file has no rows"},
		{"BlankLines", "\ufeff\r\n \n", exchange.ScreeningParams{Name: "who"}, "the file has no rows"},
		{"OtherEncoding", "name\n\xff\n", exchange.ScreeningParams{}, `is not in UTF-8`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := exchange.ReadNames(strings.NewReader(row.file), row.params)
			if !errors.Is(err, domain.ErrInvalid) || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %q", err, row.want)
			}
		})
	}
}
