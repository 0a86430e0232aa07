package bench_test

import (
	"encoding/json"
	"fmt"
	"strings"
)

// expensiveRequest is a request that is as expensive as the limits allow, or is
// refused as too expensive.
type expensiveRequest struct {
	name string
	body string
}

// repeatNumbered repeats a text n times, with the number in place of %d.
func repeatNumbered(n int, format string) string {
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

// nestedFilter returns a filter from reports to entities and back, nested n times,
// so that each condition reads more than the one around it.
func nestedFilter(n int) string {
	if n == 0 {
		return `{slug: {ne: "x"}}`
	}
	return `{entities: {reports: ` + nestedFilter(n-1) + `}}`
}

const reportColumns = `id slug version marking createdAt updatedAt publishedAt liveVersion kind title subtitle summary question language wordCount readingMinutes`

// expensiveRequests returns the expensive requests of an anonymous reader.
func expensiveRequests() []expensiveRequest {
	var values []string
	for i := range 1000 {
		values = append(values, fmt.Sprintf("report-%d", i))
	}
	return []expensiveRequest{
		{"Texts", document(`{tags(first:100){nodes{reports(first:100){nodes{` + repeatNumbered(18, "b%d:body ") + `}}}}}`)},
		{"HTML", document(`{reports(first:100){nodes{` + repeatNumbered(99, "b%d:body(format:HTML) ") + `}}}`)},
		{"Wide", document(`{tags(first:100){nodes{reports(first:100){nodes{` + reportColumns + `}}}}}`)},
		{"Nested", document(`{reports(first:58){nodes{entities(first:58){nodes{reports(first:55){nodes{slug}}}}}}}`)},
		{"Roots", document(`{` + repeatNumbered(30, `r%d:reports(first:100){nodes{`+reportColumns+` entities(first:2){nodes{slug name}}}}`) + `}`)},
		{"Counts", document(`{reports(first:100){nodes{` + repeatNumbered(70, `e%d:entities{totalCount}`) + `}}}`)},
		{"CountsNested", document(`{tags(first:100){nodes{reports(first:100){nodes{entities{totalCount}}}}}}`)},
		{"FilterRelations", document(`{` + repeatNumbered(30, `r%d:reports(filter:`+nestedFilter(3)+`){totalCount}`) + `}`)},
		{"FilterOr", document(`{` + repeatNumbered(30, `r%d:reports(filter:{or:[`+strings.Repeat(`{entities:{reports:{tags:{slug:{ne:"x"}}}}}`, 19)+`]}){totalCount}`) + `}`)},
		{"FilterIn", variables(`query($v:[String!]!){`+repeatNumbered(30, `r%d:reports(filter:{slug:{in:$v}},first:1){totalCount}`)+`}`, map[string]any{"v": values})},
		{"FilterStarts", document(`{` + repeatNumbered(30, `r%d:reports(filter:{not:{or:[`+strings.Repeat(`{title:{startsWith:"z"}}`, 33)+`]}},last:1){totalCount nodes{id}}`) + `}`)},
		{"Tokens", document(`{` + repeatNumbered(2400, "f%d:__typename ") + `}`)},
		{"UnknownFields", document(`{` + repeatNumbered(4900, "reportz%d ") + `}`)},
		{"UnknownArguments", document(`{` + repeatNumbered(900, "reports(frist%d:1){__typename} ") + `}`)},
		{"Inline", document(strings.Repeat("{...on Query", 99) + `{viewer{name}}` + strings.Repeat("}", 99))},
		{"Described", document(`{` + repeatNumbered(20, `s%d:__schema{types{name description fields{name description args{name description} type{name ofType{name ofType{name}}}} inputFields{name} enumValues{name}}}`) + `}`)},
		{"Errors", document(`{` + repeatNumbered(30, `r%d:reports(first:100){nodes{entities(first:1000){totalCount} narratives(first:1000){totalCount}}}`) + `}`)},
		{"JSONDeep", `{"query":"query($v:ReportFilter){reports(filter:$v){totalCount}}","variables":{"v":` + strings.Repeat(`{"not":`, 4000) + `{}` + strings.Repeat("}", 4000) + `}}`},
		{"JSONWide", `{"query":"query($v:ReportFilter){reports(filter:$v){totalCount}}","variables":{"v":{"or":[{}` + strings.Repeat(`,{}`, 85_000) + `]}}}`},
		{"String", variables(`query($s:String){report(slug:$s){id}}`, map[string]any{"s": strings.Repeat("x", 250_000)})},
		{"Suggestions", variables(`query($s:String){`+repeatNumbered(30, `r%d:report(slug:$s){id}`)+`}`, map[string]any{"s": strings.Repeat("report-", 30)})},
	}
}
