package bench_test

import (
	"encoding/json"
	"fmt"
	"strings"
)

// bomb is a request that is as dear as the limits let it be, or refused for
// being dearer.
type bomb struct {
	name string
	body string
}

// many repeats a text with the number of each in the place of %d.
func many(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, strings.ReplaceAll(format, "%d", "%[1]d"), i)
	}
	return b.String()
}

func document(query string) string { return variables(query, nil) }

func variables(query string, values any) string {
	raw, err := json.Marshal(map[string]any{"query": query, "variables": values})
	if err != nil {
		panic(err) // strings, lists and objects of them
	}
	return string(raw)
}

// relations is a filter that goes from reports to entities and back, n times
// in each other, so that each condition reads more than the last.
func relations(n int) string {
	if n == 0 {
		return `{slug: {ne: "x"}}`
	}
	return `{entities: {reports: ` + relations(n-1) + `}}`
}

const reportColumns = `id slug version marking createdAt updatedAt publishedAt liveVersion kind title subtitle summary question language wordCount readingMinutes`

// bombs are of an anonymous reader.
func bombs() []bomb {
	var values []string
	for i := range 1000 {
		values = append(values, fmt.Sprintf("report-%d", i))
	}
	return []bomb{
		{"Texts", document(`{tags(first:100){nodes{reports(first:100){nodes{` + many(18, "b%d:body ") + `}}}}}`)},
		{"HTML", document(`{reports(first:100){nodes{` + many(99, "b%d:body(format:HTML) ") + `}}}`)},
		{"Wide", document(`{tags(first:100){nodes{reports(first:100){nodes{` + reportColumns + `}}}}}`)},
		{"Nested", document(`{reports(first:58){nodes{entities(first:58){nodes{reports(first:55){nodes{slug}}}}}}}`)},
		{"Roots", document(`{` + many(30, `r%d:reports(first:100){nodes{`+reportColumns+` entities(first:2){nodes{slug name}}}}`) + `}`)},
		{"Counts", document(`{reports(first:100){nodes{` + many(70, `e%d:entities{totalCount}`) + `}}}`)},
		{"CountsNested", document(`{tags(first:100){nodes{reports(first:100){nodes{entities{totalCount}}}}}}`)},
		{"FilterRelations", document(`{` + many(30, `r%d:reports(filter:`+relations(3)+`){totalCount}`) + `}`)},
		{"FilterOr", document(`{` + many(30, `r%d:reports(filter:{or:[`+strings.Repeat(`{entities:{reports:{tags:{slug:{ne:"x"}}}}}`, 19)+`]}){totalCount}`) + `}`)},
		{"FilterIn", variables(`query($v:[String!]!){`+many(30, `r%d:reports(filter:{slug:{in:$v}},first:1){totalCount}`)+`}`, map[string]any{"v": values})},
		{"FilterStarts", document(`{` + many(30, `r%d:reports(filter:{not:{or:[`+strings.Repeat(`{title:{startsWith:"z"}}`, 33)+`]}},last:1){totalCount nodes{id}}`) + `}`)},
		{"Tokens", document(`{` + many(2400, "f%d:__typename ") + `}`)},
		{"UnknownFields", document(`{` + many(4900, "reportz%d ") + `}`)},
		{"UnknownArguments", document(`{` + many(900, "reports(frist%d:1){__typename} ") + `}`)},
		{"Inline", document(strings.Repeat("{...on Query", 99) + `{viewer{name}}` + strings.Repeat("}", 99))},
		{"Described", document(`{` + many(20, `s%d:__schema{types{name description fields{name description args{name description} type{name ofType{name ofType{name}}}} inputFields{name} enumValues{name}}}`) + `}`)},
		{"Errors", document(`{` + many(30, `r%d:reports(first:100){nodes{entities(first:1000){totalCount} narratives(first:1000){totalCount}}}`) + `}`)},
		{"JSONDeep", `{"query":"query($v:ReportFilter){reports(filter:$v){totalCount}}","variables":{"v":` + strings.Repeat(`{"not":`, 4000) + `{}` + strings.Repeat("}", 4000) + `}}`},
		{"JSONWide", `{"query":"query($v:ReportFilter){reports(filter:$v){totalCount}}","variables":{"v":{"or":[{}` + strings.Repeat(`,{}`, 85_000) + `]}}}`},
		{"String", variables(`query($s:String){report(slug:$s){id}}`, map[string]any{"s": strings.Repeat("x", 250_000)})},
		{"Suggestions", variables(`query($s:String){`+many(30, `r%d:report(slug:$s){id}`)+`}`, map[string]any{"s": strings.Repeat("report-", 30)})},
	}
}
