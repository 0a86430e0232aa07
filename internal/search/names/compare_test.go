package names_test

import (
	"testing"

	"github.com/redthread-api/redthread/internal/search/names"
)

func TestReasons(t *testing.T) {
	t.Parallel()
	entity := []names.PreparedName{
		names.PrepareName(names.Name{Text: "Redline Mining Co., Ltd.", Language: "en"}),
		names.PrepareName(names.Name{Text: "红线矿业有限公司", Language: "zh-Hans", Kind: "TRANSLATION"}),
		names.PrepareName(names.Name{Text: "Hongxian Kuangye", Kind: "TRANSLITERATION"}),
		names.PrepareName(names.Name{Text: "Westmoor Minerals", Kind: "FORMER"}),
		names.PrepareName(names.Name{Text: "Northern Redline Industrial Smelting", Kind: "ALIAS"}),
		names.PrepareName(names.Name{Text: "RDLM", Kind: "ABBREVIATION"}),
	}
	for _, row := range []struct {
		looked string
		reason names.Reason
		name   string
	}{
		{"redline mining co ltd", names.Exact, "Redline Mining Co., Ltd."},
		{"Redline Mining Company Limited", names.Exact, "Redline Mining Co., Ltd."},
		{"RDLM", names.Alias, "RDLM"},
		{"紅線礦業有限公司", names.Alias, "红线矿业有限公司"},
		{"Westmoor Minerals", names.Former, "Westmoor Minerals"},
		{"Hongxian Kuangye", names.Transliteration, "Hongxian Kuangye"},
		{"Redline Mining", names.LegalForm, "Redline Mining Co., Ltd."},
		{"Redline Mining GmbH", names.LegalForm, "Redline Mining Co., Ltd."},
		{"Mining Redline Co., Ltd.", names.WordOrder, "Redline Mining Co., Ltd."},
		{"Redlyne Mining Co., Ltd.", names.Spelling, "Redline Mining Co., Ltd."},
		{"Hongxian Mining Co., Ltd.", names.Transliteration, "红线矿业有限公司"},
		{"NRIS", names.Initials, "Northern Redline Industrial Smelting"},
		{"Quite Another", names.None, ""},
	} {
		t.Run(row.looked, func(t *testing.T) {
			t.Parallel()
			p := names.Prepare(row.looked)
			m := p.Compare(entity)
			if m.Reason != row.reason || m.Name.Text != row.name {
				t.Errorf("got %s of %q (%.3f), want %s of %q", m.Reason, m.Name.Text, m.Score, row.reason, row.name)
			}
			exact := row.reason == names.Exact || row.reason == names.Alias || row.reason == names.Former || row.name == "Hongxian Kuangye"
			if exact != (m.Score == 1) {
				t.Errorf("got the score %.3f for %s", m.Score, m.Reason)
			}
		})
	}
}

func TestCompareWithoutNames(t *testing.T) {
	t.Parallel()
	p := names.Prepare("Redline")
	if m := p.Compare(nil); m != (names.Match{}) {
		t.Errorf("got %+v, want no match", m)
	}
	if m := match("", "Redline"); m.Score != 0 {
		t.Errorf("the empty name: got %+v, want no match", m)
	}
}

func TestPrimaryNameFirst(t *testing.T) {
	t.Parallel()
	p := names.Prepare("Redline")
	m := p.Compare([]names.PreparedName{
		names.PrepareName(names.Name{Text: "Redline", Kind: "FORMER"}),
		names.PrepareName(names.Name{Text: "REDLINE"}),
	})
	if m.Reason != names.Exact || m.Name.Text != "REDLINE" {
		t.Errorf("got %+v, want the primary name", m)
	}
}

func TestEvidence(t *testing.T) {
	t.Parallel()
	lei := func(v string) []names.Identifier { return []names.Identifier{{Scheme: "LEI", Value: v}} }
	for _, row := range []struct {
		name           string
		looked, entity names.Evidence
		score, want    float64
	}{
		{"NothingKnown", names.Evidence{}, names.Evidence{Country: "ZM"}, 0.9, 0.9},
		{"SameCountry", names.Evidence{Country: "zm"}, names.Evidence{Country: "ZM"}, 0.9, 0.92},
		{"OtherCountry", names.Evidence{Country: "ZM"}, names.Evidence{Country: "CN"}, 0.9, 0.85},
		{"SameIdentifier", names.Evidence{Country: "ZM", Identifiers: lei("5299-00 ab")}, names.Evidence{Country: "CN", Identifiers: lei("529900AB")}, 0.6, 0.8},
		{"OtherIdentifier", names.Evidence{Identifiers: lei("1")}, names.Evidence{Identifiers: lei("2")}, 0.9, 0.8},
		{"OtherScheme", names.Evidence{Identifiers: lei("1")}, names.Evidence{Identifiers: []names.Identifier{{Scheme: "ISIN", Value: "1"}}}, 0.9, 0.9},
		{"IdentifierWithoutName", names.Evidence{Identifiers: lei("1")}, names.Evidence{Identifiers: lei("1")}, 0, 0.5},
		{"NeverAboveOne", names.Evidence{Country: "ZM"}, names.Evidence{Country: "ZM"}, 0.99, 1},
		{"NeverBelowZero", names.Evidence{Country: "ZM", Identifiers: lei("1")}, names.Evidence{Country: "CN", Identifiers: lei("2")}, 0.1, 0},
		{"CountryIsNoName", names.Evidence{Country: "ZM"}, names.Evidence{Country: "ZM"}, 0, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got := row.looked.Weigh(row.score, row.entity); got < row.want-1e-9 || got > row.want+1e-9 {
				t.Errorf("got %.4f, want %.4f", got, row.want)
			}
		})
	}
}
