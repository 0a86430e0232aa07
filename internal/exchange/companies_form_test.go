package exchange_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// entries returns the listed companies in short: "name (other names) since-until note".
func entries(t *testing.T, s *store.Stores) (out []string) {
	t.Helper()
	rows, err := s.DeskRows().Query(t.Context(), `SELECT e.name,
		COALESCE((SELECT MIN(n.text) || '|' || MAX(n.text) FROM entity_names n WHERE n.entity_id = e.id), ''),
		COALESCE(l.since, ''), COALESCE(l.until, ''),
		COALESCE((SELECT MIN(c.quote) FROM citations c WHERE c.listing_id = l.id), '')
		FROM entities e LEFT JOIN listings l ON l.entity_id = e.id`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // it is at its end
	for rows.Next() {
		var name, other, since, until, note string
		if err := rows.Scan(&name, &other, &since, &until, &note); err != nil {
			t.Fatal(err)
		}
		out = append(out, strings.TrimRight(strings.Join([]string{name, other, since, until, note}, " / "), " /"))
	}
	slices.Sort(out)
	return out
}

// bad returns the messages about rows, in short: "line: message".
func bad(rows []exchange.RowMessage) (out []string) {
	for _, row := range rows {
		out = append(out, fmt.Sprintf("%v: %s", row.Places, row.Message))
	}
	return out
}

const short = "Clean Name,Alias,Previous Name,Parent Name,Note,Start date,End date,Source Url\n"

// Problems have the numbers of their lines, and the lines around them are imported.
func TestImportOfABrokenFile(t *testing.T) {
	t.Parallel()
	many := strings.Repeat("Nets,,,,,,,\n", 300)
	for name, c := range map[string]struct {
		file    string
		entries []string
		bad     []string // parts of what is said
		counts  [5]int   // rows, bad rows, blank lines, repeated headers, repeats
	}{
		"a quote inside of a field": {short + "Cranes,,,,,,,\nNe\"ts,,,,,,,\nRopes,,,,,,,\n", []string{"Cranes", "Ropes"},
			[]string{`[3]: field 1 has a quote (") in it`}, [5]int{3, 1}},
		"a quote that is not closed": {short + "Cranes,,,,,,,\n\"Nets,,,,,,,\nRopes,,,,,,,\nSails,,,,,,,\n", []string{"Cranes", "Ropes", "Sails"},
			[]string{`[3]: the quote that opens field 1 is not closed`}, [5]int{4, 1}},
		"a quote that is closed by the next one": {short + "\"Nets,,,,,,,\nRopes,,,,,,,\n\"Cranes, Ltd.\",,,,,,,\n", []string{"Cranes, Ltd.", "Ropes"},
			[]string{`[2]: the quote that opens field 1 is closed in line 4, and text follows`}, [5]int{3, 1}},
		"a quote that takes rows and is closed": {short + "Nets,,,,,,,\"x\nRopes,,,,,,,\nSails,,,,,,,y\"\nCranes,,,,,,,\n", []string{"Cranes", "Ropes"},
			[]string{`[2]: a quote that opens in this line is closed in line 4, and what is between are rows of their own`, `[4]: field 8 has a quote (") in it`}, [5]int{4, 2}},
		"a quote that takes one row and is closed": {short + "Nets,,,,,,,\"x\nRopes,,,,,,,y\"\nCranes,,,,,,,\n", []string{"Cranes"},
			[]string{`[2]: a quote that opens in this line is closed in line 3`, `[3]: field 8 has a quote`}, [5]int{3, 2}},
		"a quote that makes the fields wrong": {short + "Nets,,\"x\nRopes,,,,,,,\ny\",,,,\nCranes,,,,,,,\n", []string{"Cranes", "Ropes"},
			[]string{`[2]: has 7 fields with the lines to 4, which a quote takes in, and the header has 8`, `[4]: field 1 has a quote`}, [5]int{4, 2}},
		"many quotes that are not closed": {short + strings.Repeat("\"a,,,,,,,\n"+many, 3) + "Cranes,,,,,,,\n", []string{"Cranes", "Nets"},
			[]string{`[2]: the quote that opens field 1 is closed in line 303`, `[303]: the quote that opens field 1 is closed in line 604`, `[604]: the quote that opens field 1 is not closed`},
			[5]int{904, 3, 0, 0, 899}},
		"fields with line ends": {short + "\"Cranes\nand Nets\",,,,\"why\nand how, \"\"when\"\"\",2021-01-01,,\nRopes,,,,\"a,b\n\nc\",,,\n",
			[]string{"Cranes and Nets /  / 2021-01-01 /  / why\nand how, \"when\"", "Ropes /  /  /  / a,b\n\nc"}, nil, [5]int{2}},
		"wrong numbers of fields": {short + "Cranes,,,\nNets,,,,,,,,,\nRopes,,,,,,,,x\nSails,,,,,,,\n", []string{"Nets", "Sails"},
			[]string{"[2]: has 4 fields; the header has 8", "[4]: has 9 fields; the header has 8"}, [5]int{4, 2}},
		"too many fields": {short + strings.Repeat(",", 10_000) + "\nCranes,,,,,,,\n", []string{"Cranes"},
			[]string{"[2]: has more than 10000 fields"}, [5]int{2, 1}},
		"one field":               {short + "Cranes\n", nil, []string{"[2]: has 1 field; the header has 8"}, [5]int{1, 1}},
		"blank lines and headers": {"\ufeff" + short + "\n  \n,,,,,,,\nCranes,,,,,,,\n" + short + "\ufeff" + short + "Nets,,,,,,,\n\x1a", []string{"Cranes", "Nets"}, nil, [5]int{2, 0, 4, 2}},
		"CR LF":                   {strings.ReplaceAll(short+"Cranes,,,,\"a\nb\",,,\nNets,,,,,,,\n", "\n", "\r\n"), []string{"Cranes /  /  /  / a\nb", "Nets"}, nil, [5]int{2}},
		"CR":                      {strings.ReplaceAll(short+"Cranes,,,,,,,\nNets,,,,,,,\n", "\n", "\r"), []string{"Cranes", "Nets"}, nil, [5]int{2}},
		"no end of line":          {short + "Cranes,,,,,,,", []string{"Cranes"}, nil, [5]int{1}},
		"semicolons":              {strings.ReplaceAll(short, ",", ";") + "Cranes, AS;HC, Old;;;;;;\n", []string{"Cranes, AS / HC|Old"}, nil, [5]int{1}},
		"tabs":                    {strings.ReplaceAll(short, ",", "\t") + "Cranes, AS\tHC, Old\t\t\t\t\t\t\n", []string{"Cranes, AS / HC|Old"}, nil, [5]int{1}},
		"bars":                    {strings.ReplaceAll(short, ",", "|") + "Cranes, AS|HC||||||\n", []string{"Cranes, AS / HC|HC"}, nil, [5]int{1}},
		"lines ahead of it":       {"Entity list\n\nLast updated,2021-01-01\n" + short + "Cranes,,,,,,,\n", []string{"Cranes"}, nil, [5]int{1}},
		"all that is wrong": {short + ",,,,,soon,03/04/2021,\n", nil,
			[]string{`[2]: Clean Name: is required; Start date: "soon" is not a date`, `End date: "03/04/2021" is not a date: want YYYY, YYYY-MM or YYYY-MM-DD; it could be --date-format D/M/YYYY or M/D/YYYY`}, [5]int{1, 1}},
		"no name in it": {short + "***,,,,,,,\n", nil, []string{`[2]: Clean Name: "***" has no letter or digit`}, [5]int{1, 1}},
		"too much of one company": {short + strings.Repeat("Nets,,,,,,,\n", 1001) + "Ropes,\"" + strings.Repeat("a,", 1001) + "\",,,,,,\n" + "Cranes,,,Nets,,,,\n", []string{"Cranes", "Nets"},
			[]string{`[2]: "Nets" is in 1001 rows with 0 other names`, `[1003]: "Ropes" is in 1 row with 1001 other names`}, [5]int{1003, 1002}},
		"nothing but a header": {short, nil, nil, [5]int{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := storetest.SQLite(t)
			out := importAll(t, newDesk(s), false, files(c.file))
			if got := [5]int{out.Rows, out.BadRows, out.Blank, out.Headers, out.Repeats}; got != c.counts {
				t.Errorf("got %v, want %v", got, c.counts)
			}
			if got := entries(t, s); !slices.Equal(got, c.entries) {
				t.Errorf("got %q, want %q", got, c.entries)
			}
			said := strings.Join(bad(out.Problems), "\n")
			for _, want := range c.bad {
				if !strings.Contains(said, want) {
					t.Errorf("got %s\nwant %s", said, want)
				}
			}
			if len(c.bad) == 0 && said != "" {
				t.Errorf("got %s", said)
			}
			if len(c.entries) == 0 && total(t, s, "sources") != 0 {
				t.Error("the source is there, and nothing cites it")
			}
			if len(c.entries) > 0 {
				wantCounted(t, s, out)
			}
		})
	}
}

// A file that is not CSV is refused, with what it probably is.
func TestImportRefusesFilesThatAreNotCSV(t *testing.T) {
	t.Parallel()
	wide := func(text string, mark bool) string {
		var b strings.Builder
		if mark {
			b.WriteString("\xff\xfe")
		}
		for _, u := range utf16.Encode([]rune(text)) {
			b.WriteString(string([]byte{byte(u), byte(u >> 8)}))
		}
		return b.String()
	}
	good := short + "Cranes,,,,,,,\n"
	for name, c := range map[string]struct{ file, want string }{
		"UTF-16":          {wide(good, true), "is in UTF-16: save it as CSV in UTF-8, or convert it: iconv -f UTF-16 -t UTF-8"},
		"UTF-16 unmarked": {wide(good, false), "seems to be in UTF-16"},
		"Windows-1252":    {good + "Caf\xe9,,,,,,,\n", "is not in UTF-8: line 3 has the byte 0xE9, so it may be in Windows-1252"},
		"a spreadsheet":   {"PK\x03\x04" + good, "is a spreadsheet or an archive, not CSV"},
		"a zero byte":     {good + "Cra\x00nes,,,,,,,\n", "has a zero byte in line 3"},
		"empty":           {"", "has no header line of CSV"},
		"some columns": {"Clean Name,Other,start date\nx,y,\n", `the file has no column "Alias", "Previous Name", "Parent Name", "Note", "Start date", "End date", "Source Url"; ` +
			`its columns are, by line 1, "Clean Name", "Other", "start date". Say which columns are to be read: --map name="Clean Name",start="start date"`},
		"no such columns":     {"a,$b\nx,y\n", `its columns are, by line 1, "a", "$b". Say which columns are to be read: --map name=HEADER`},
		"a row that is wider": {"Clean Name,Start date\nB Co,2020,extra\n", `; its columns are, by line 1, "Clean Name", "Start date". `},
		"a row that is wider than columns of other names": {"Entity,Since\nB Co,2020\nC Co,2020,extra,and more\n", `; its columns are, by line 1, "Entity", "Since". `},
		"a single row that is wider":                      {"Entity,Since\nC Co,2020,extra\n", `; its columns are, by line 1, "Entity", "Since". `},
		"lines ahead of such columns":                     {"A list\n\nUpdated,2021-01-01\nEntity;Since, or until;Why\nB Co;2020;x\nC, D; 2020;y;z\n", `; its columns are, by line 4, "Entity", "Since, or until", "Why". `},
		"a column twice":                                  {"Alias," + good, `two columns "Alias"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := storetest.SQLite(t)
			// A valid file beside it is not imported either.
			_, err := exchange.ImportCompanies(domain.AsSystem(t.Context(), "import"), newDesk(s), files(good, c.file), params)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "2.csv: ") {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if n := total(t, s, "entities") + total(t, s, "sources"); n != 0 {
				t.Errorf("%d documents were written", n)
			}
		})
	}
}

// All invalid parameters are in one error.
func TestImportRefusesInvalidParams(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		with func(*exchange.CompaniesParams)
		want []string
	}{
		{func(p *exchange.CompaniesParams) {
			p.Source, p.Separator, p.DateFormats, p.Only = "No Slug", "xx", []string{"YY"}, []string{"x"}
			p.Map = []string{"nmae=Entity", "alias", "start=A", "start=B"}
		}, []string{"source: ", `separator: "xx" cannot be`, `date-format: "YY" is not understood`, `only: "x" is not understood: want COLUMN=VALUE`,
			`map: there is no column "nmae" to map to: want one of name, alias, previous, parent, note, start, end, url`, `map: "alias" is not understood: want COLUMN=HEADER`, "map: start is given twice"}},
		{func(p *exchange.CompaniesParams) { p.Map = []string{"alias=Alias"} }, []string{"map: name is missing"}},
		{func(p *exchange.CompaniesParams) { p.NoHeader = true }, []string{"map: is required where the file has no header"}},
		{func(p *exchange.CompaniesParams) { p.NoHeader, p.Map = true, []string{"name=1", "alias=9", "note=x"} }, []string{`map: "9" is not the number of a column: the file has 3 columns, the first is 1`, `map: "x" is not`}},
		{func(p *exchange.CompaniesParams) { p.Map = []string{"name=Entity", "alias=Aliases"} }, []string{`the file has no column "Aliases"; its columns are, by line 1, "Entity", "Alias", "a, b"`}},
		{func(p *exchange.CompaniesParams) { p.Map, p.Only = []string{"name=Entity"}, []string{"Type=x"} }, []string{`the file has no column "Type"`}},
	} {
		with := params
		c.with(&with)
		_, err := exchange.ImportCompanies(domain.AsSystem(t.Context(), "import"), newDesk(storetest.SQLite(t)), files("Entity,Alias,\"a, b\"\nCranes,HC,\n"), with)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %s", err, want)
			}
		}
	}
}

// Lists in the forms of well-known ones are imported. Their content is invented.
func TestImportOfListsInOtherShapes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file    string
		with    func(*exchange.CompaniesParams)
		entries []string
		counts  [3]int // rows, left out, bad
	}{
		"SDN": { // no header, -0- for nothing
			"306,\"HARBOUR CRANES LTD.\",-0- ,\"INVENTED\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,\"a.k.a. 'HC'.\"\n" +
				"307,\"DOE, John\",\"individual\",\"INVENTED\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \n" +
				"308,\"SEA NETS\",-0- ,\"INVENTED\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \n\x1a",
			func(p *exchange.CompaniesParams) {
				p.NoHeader, p.Map, p.Only, p.Empty = true, []string{"name=2", "note=12"}, []string{"3=-0-"}, []string{"-0-"}
			},
			[]string{"HARBOUR CRANES LTD. /  /  /  / a.k.a. 'HC'.", "SEA NETS"}, [3]int{3, 1, 0}},
		"no header, and a row that is wider": {
			"Cranes;HC\nNets;NC;x\nRopes;\n",
			func(p *exchange.CompaniesParams) { p.NoHeader, p.Map = true, []string{"name=1", "alias=2"} },
			[]string{"Cranes / HC|HC", "Ropes"}, [3]int{3, 0, 1}},
		"consolidated screening list": {
			"_id,source,entity_number,type,programs,name,title,addresses,start_date,end_date,alt_names,source_list_url,remarks\n" +
				"a1,Invented List,1,Entity,INV,\"Harbour Cranes Co., Ltd.\",,\"1 Quay, XX\",2021-06-16,,\"HC; Old Cranes\",https://example.org/list,why\n" +
				"a2,Invented List,2,Individual,INV,John Doe,,,2021-06-16,,,,\n" +
				"a3,Invented List,3,,INV,Sea Nets,,,,,,,\n",
			func(p *exchange.CompaniesParams) {
				p.Map = []string{"name=name", "alias=alt_names", "start=start_date", "end=end_date", "url=source_list_url", "note=remarks"}
				p.Only = []string{"type=Entity", "type="}
			},
			[]string{"Harbour Cranes Co., Ltd. / HC|Old Cranes / 2021-06-16 /  / why", "Sea Nets"}, [3]int{3, 1, 0}},
		"EU": { // semicolons, a byte order mark, a row for each name
			"\ufefffileGenerationDate;Entity_LogicalId;Entity_SubjectType_ClassificationCode;Entity_Regulation_PublicationDate;Entity_Regulation_PublicationUrl;Entity_Remark;NameAlias_WholeName;NameAlias_Strong\r\n" +
				"01/01/2021;13;E;21/03/2014;https://example.org/reg;(invented);Harbour Cranes, AS;true\r\n" +
				"01/01/2021;13;E;21/03/2014;https://example.org/reg;(invented);;\r\n" +
				"01/01/2021;14;P;21/03/2014;https://example.org/reg;;John Doe;true\r\n",
			func(p *exchange.CompaniesParams) {
				p.Map = []string{"name=NameAlias_WholeName", "start=Entity_Regulation_PublicationDate", "url=Entity_Regulation_PublicationUrl", "note=Entity_Remark"}
				p.Only, p.DateFormats = []string{"Entity_SubjectType_ClassificationCode=E", "NameAlias_Strong=true"}, []string{"DD/MM/YYYY"}
			},
			[]string{"Harbour Cranes, AS /  / 2014-03-21 /  / (invented)"}, [3]int{3, 2, 0}},
		"UK": { // a line ahead of the header
			"Last Updated,28/11/2026,,,,,,,\n" +
				"Last Updated,Unique ID,OFSI Group ID,Name 6,Name 1,Name type,Regime Name,Designation Type,Date Designated\n" +
				"01/02/2023,INV0001,1,Harbour Cranes LLC,,Primary Name,Invented,Entity,24/02/2023\n" +
				"01/02/2023,INV0001,1,HC,,Alias,Invented,Entity,24/02/2023\n" +
				"01/02/2023,INV0002,2,Doe,John,Primary Name,Invented,Individual,24/02/2023\n",
			func(p *exchange.CompaniesParams) {
				p.Map = []string{"name=Name 6", "note=Regime Name", "start=Date Designated"}
				p.Only, p.DateFormats = []string{"Name type=Primary Name", "Designation Type=Entity"}, []string{"DD/MM/YYYY"}
			},
			[]string{"Harbour Cranes LLC /  / 2023-02-24 /  / Invented"}, [3]int{3, 2, 0}},
		"BIS": { // dates as in the United States, quoted newlines
			"Country,Entity,Alternate Name,License Requirement,License Policy,Effective Date,Federal Register Citation\n" +
				"XX,\"Harbour Cranes Co., Ltd.\",\"HC; Harbour Works\",\"For all items\nsubject to it.\",Presumption of denial,6/30/2021,86 FR 1\n" +
				"XX,\"Sea Nets, AS\",,For all items,Case by case,10/9/2019,84 FR 2\n",
			func(p *exchange.CompaniesParams) {
				p.Map = []string{"name=Entity", "alias=Alternate Name", "note=License Requirement", "start=Effective Date"}
				p.DateFormats = []string{"M/D/YYYY"}
			},
			[]string{"Harbour Cranes Co., Ltd. / HC|Harbour Works / 2021-06-30 /  / For all items\nsubject to it.", "Sea Nets, AS /  / 2019-10-09 /  / For all items"}, [3]int{2, 0, 0}},
		"UFLPA": {
			"Name of Entity\tAliases\tFormer Names\tParent\tEffective Date\n" +
				"Harbour Cotton Co., Ltd.\tHC, Cotton Works\tOld Cotton\tSea Holding\tJune 21, 2022\n",
			func(p *exchange.CompaniesParams) {
				p.Map = []string{"name=Name of Entity", "alias=Aliases", "alias=Former Names", "parent=Parent", "start=Effective Date"}
				p.DateFormats, p.Separator = []string{"MMMM D, YYYY"}, "tab"
			},
			[]string{"Harbour Cotton Co., Ltd. / Cotton Works|Old Cotton / 2022-06-21", "Sea Holding"}, [3]int{1, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := storetest.SQLite(t)
			with := params
			c.with(&with)
			out, err := exchange.ImportCompanies(domain.AsSystem(t.Context(), "import"), newDesk(s), files(c.file), with)
			if err != nil {
				t.Fatal(err)
			}
			if got := [3]int{out.Rows, out.FilteredOut, out.BadRows}; got != c.counts {
				t.Errorf("got %v, want %v; bad: %v", got, c.counts, bad(out.Problems))
			}
			if got := entries(t, s); !slices.Equal(got, c.entries) {
				t.Errorf("got %q, want %q", got, c.entries)
			}
			wantCounted(t, s, out)
		})
	}
}

// Each row of any file is imported, filtered out or has a problem, and each line is
// read in bounded time.
func FuzzReadRows(f *testing.F) {
	for _, seed := range []string{"Clean Name,Only\nCranes,x\n\"Nets\nand\",y\nq\"\n\"open,x\nRopes,x\n", "\ufeffClean Name;Only\r\n;;\r\n", "Only\tClean Name\rx\ty\r", "\"", "Clean Name,Only\n\"a\nb,x\nc\",x\n"} {
		f.Add(seed, "name=Clean Name", false)
		f.Add(seed, "name=1,note=2", true)
	}
	f.Fuzz(func(t *testing.T, text, columns string, noHeader bool) {
		if len(columns) > 100 {
			return // they come from the command line
		}
		with := params
		with.Map, with.NoHeader = strings.Split(columns, ","), noHeader
		if !noHeader {
			with.Only = []string{"Only=x"}
		}
		out, taken, err := exchange.ReadRows(files(text)[0], with)
		if err != nil {
			return
		}
		if out.Rows != taken+out.BadRows+out.FilteredOut || len(out.Problems) != out.BadRows {
			t.Errorf("%d rows: %d taken, %d bad, %d left out; %d were said to be bad", out.Rows, taken, out.BadRows, out.FilteredOut, len(out.Problems))
		}
		lines := strings.Count(text, "\n") + strings.Count(text, "\r") + 1
		for _, row := range out.Problems {
			if n := row.Places[0].Line; n < 1 || n > lines {
				t.Errorf("line %d of %d", n, lines)
			}
		}
	})
}
