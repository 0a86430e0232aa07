package exchange_test

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange"
)

func TestNamesOfOneCompany(t *testing.T) {
	t.Parallel()
	for _, names := range [][]string{
		{"Addsino Co., Ltd.", "ADDSINO CO LTD", "Addsino Co.,Ltd", " Addsino  Co. Ltd. "},
		{"Xi’an Aircraft", "Xi'an Aircraft"},
		{"S.A. Cranes", "SA Cranes", "s.a. cranes"},
		{"Straße AG", "STRASSE AG", "Strasse AG"},
		{"Завод 9", "ЗАВОД 9"},
		{norm.NFC.String("Café"), norm.NFD.String("Café"), "CAFÉ"},
		{norm.NFC.String("ガス"), norm.NFD.String("ガス")},
		{"Harbour (Group)", "Harbour Group"},
	} {
		for _, name := range names[1:] {
			if a, b := exchange.NameKey(names[0]), exchange.NameKey(name); a != b {
				t.Errorf("%q and %q are two companies: %q and %q", names[0], name, a, b)
			}
		}
	}
}

func TestNamesOfTwoCompanies(t *testing.T) {
	t.Parallel()
	for _, names := range [][2]string{
		{"ОАО Завод 9", "ПАО Фабрика 9"},
		{"บริษัท ดี จำกัด", "บริษัท ดู จำกัด"},
		{"ガス", "カス"},
		{"Край", "Краи"},
		{"Café", "Cafe"},
		{"हिन्द", "हनद"},
		{"C++ Works", "C Works"},
		{"Harbour 1", "Harbour 1²"},
		{"中国第一", "中国第二"},
		{"Harbour Cranes", "Harbour Crane"},
		{strings.Repeat("Harbour ", 20) + "A", strings.Repeat("Harbour ", 20) + "B"},
	} {
		a, b := exchange.NameKey(names[0]), exchange.NameKey(names[1])
		if a == b || exchange.CompanySlug(a) == exchange.CompanySlug(b) {
			t.Errorf("%q and %q are one company: %q, %q", names[0], names[1], a, exchange.CompanySlug(a))
		}
	}
}

// The slug depends on the key alone, is valid, and is that of no other key.
func TestSlugsOfCompanies(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Harbour Cranes Co., Ltd.": "harbour-cranes-co-ltd",
		"O'Neil & Sons":            "oneil-sons",
		"360 Security":             "360-security",
		"ОАО Завод 9":              "9-zvm67stuw5po",
		"บริษัท ดี จำกัด":          "tzedcvw3o72k",
		"Café":              "cafe-quhx3rbzcd7y",
		"Cafe QUHX3RBZCD7Y": "cafe-quhx3rbzcd7y-fwnjvjdbzsdc",
	} {
		if got := exchange.CompanySlug(exchange.NameKey(name)); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringOfN(rapid.RuneFrom([]rune("abÅéй9 .&+一ดีู'-")), 1, 60, -1)
		a, b := exchange.NameKey(name.Draw(t, "a")), exchange.NameKey(name.Draw(t, "b"))
		for _, key := range []string{a, b} {
			if again := exchange.NameKey(key); again != key {
				t.Fatalf("the key of %q is %q", key, again)
			}
			if slug := exchange.CompanySlug(key); key != "" && !domain.ValidSlug(slug) {
				t.Fatalf("%q is no slug", slug)
			}
		}
		if a != b && exchange.CompanySlug(a) == exchange.CompanySlug(b) {
			t.Fatalf("%q and %q have the same slug", a, b)
		}
	})
}

func TestSplitNames(t *testing.T) {
	t.Parallel()
	for list, want := range map[string][]string{
		"Knownsec,Beijing Kownsec":               {"Knownsec", "Beijing Kownsec"},
		"HC; Harbour Tech Co., Ltd.":             {"HC", "Harbour Tech Co., Ltd."},
		"ABLV Bank, AS":                          {"ABLV Bank, AS"},
		"ABLV Bank, AS, ABLV":                    {"ABLV Bank, AS", "ABLV"},
		"Harbour, AS Cranes":                     {"Harbour", "AS Cranes"},
		"Cranes, SIA; Kranai, UAB":               {"Cranes, SIA", "Kranai, UAB"},
		"Cranes, s.r.o., Cranes, a.s.":           {"Cranes, s.r.o.", "Cranes, a.s."},
		"Cranes, GmbH & Co. KG":                  {"Cranes, GmbH & Co. KG"},
		"Cranes, S. de R.L. de C.V., Gruas":      {"Cranes, S. de R.L. de C.V.", "Gruas"},
		"Cranes, S.p.A., Cranes Italia":          {"Cranes, S.p.A.", "Cranes Italia"},
		"Краны, ООО, Гавань":                     {"Краны, ООО", "Гавань"},
		"Vinçler, A.Ş.":                          {"Vinçler, A.Ş."},
		"Cranes, Inc. China":                     {"Cranes, Inc. China"},
		"Cranes Co., Ltd. (HK), HC":              {"Cranes Co., Ltd. (HK)", "HC"},
		"Cranes, L.P., Second, LLC":              {"Cranes, L.P.", "Second, LLC"},
		"Harbour, Saic Cranes, Assets, Coal, Ad": {"Harbour", "Saic Cranes", "Assets", "Coal, Ad"},
		"Harbour, Nets and Cranes":               {"Harbour", "Nets and Cranes"},
		", ;; , Harbour , ***":                   {"Harbour"},
		"Ltd":                                    {"Ltd"},
	} {
		if got := exchange.SplitNames(list); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", list, got, want)
		}
	}
}

func TestReadDate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text    string
		formats []string
		want    string // or what the error says
	}{
		{"2024-01-31", nil, "2024-01-31"},
		{"2024-01", nil, "2024-01"},
		{"2024", nil, "2024"},
		{"", nil, ""},
		{"03/04/2021", nil, "it could be --date-format D/M/YYYY or M/D/YYYY"},
		{"31/04/2021", nil, "with --date-format D/M/YYYY it is"},
		{"4.31.2021", nil, "with --date-format M.D.YYYY it is"},
		{"May 3, 2021", nil, "say with --date-format how dates are written"},
		{"03/04/2021", []string{"DD/MM/YYYY"}, "2021-04-03"},
		{"3/4/2021", []string{"M/D/YYYY"}, "2021-03-04"},
		{"03/04/2021", []string{"D/M/YYYY"}, "2021-04-03"},
		{"31/02/2021", []string{"DD/MM/YYYY"}, "is not a date of the form DD/MM/YYYY"},
		{"2 January 2021", []string{"2 January 2006"}, "2021-01-02"},
		{"June 21, 2022", []string{"MMMM D, YYYY"}, "2022-06-21"},
		{"21 Jun 2022", []string{"D MMM YYYY"}, "2022-06-21"},
		{"06/2022", []string{"MM/YYYY"}, "2022-06"},
		{"2022", []string{"DD/MM/YYYY", "YYYY"}, "2022"},
		{"20220621", []string{"YYYY/MM/DD"}, "is not a date of the form YYYY/MM/DD"},
		{"03/04/2021", []string{"DD/MM/YYYY", "MM/DD/YYYY"}, "is 2021-04-03 by DD/MM/YYYY and 2021-03-04 by MM/DD/YYYY"},
		{"04/04/2021", []string{"DD/MM/YYYY", "MM/DD/YYYY"}, "2021-04-04"},
		{"x", []string{"DD/MM/YY"}, `"YY" is not understood`},
		{"x", []string{"DD/DD/YYYY"}, "has no year, month and day, each once"},
		{"x", []string{"MM/DD"}, "has no year, month and day, each once"},
		{"x", []string{""}, "has no year, month and day, each once"},
		{"x", []string{"hh:mm YYYY"}, `"hh" is not understood`},
	} {
		got, err := exchange.ReadDate(c.text, c.formats...)
		if err != nil {
			got = err.Error()
		}
		if got != c.want && (err == nil || !strings.Contains(got, c.want)) {
			t.Errorf("%q by %q: got %q, want %q", c.text, c.formats, got, c.want)
		}
	}
}
