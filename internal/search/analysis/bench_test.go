package analysis_test

import (
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/search/analysis"
)

// sentences are repeated with other words in them up to the length of a report.
var sentences = map[string]string{
	"English": "The mining company's subsidiaries, which were established in 2014, hold 51.5% of the joint-venture that operates the copper mines near the harbour. ",
	"Russian": "Дочерние компании горнодобывающей корпорации, основанные в 2014 году, владеют долей совместного предприятия, которое разрабатывает медные рудники. ",
	"Chinese": "该矿业公司的子公司成立于2014年，持有在港口附近经营铜矿的合资企业51.5%的股份，并与国家安全机关保持联系。",
	"Korean":  "이 광업 회사의 자회사는 2014년에 설립되었으며, 항구 근처에서 구리 광산을 운영하는 합작 회사의 지분을 보유하고 있습니다. ",
	"French":  "Les filiales de la société minière, créées en 2014, détiennent 51,5 % de la coentreprise qui exploite les mines de cuivre à proximité du port. ",
}

// text returns some 8 KB of a language in which no two sentences are the same.
func text(language string) string {
	var b strings.Builder
	parts := strings.Fields(sentences[language])
	for i := 0; b.Len() < 8<<10; i++ {
		b.WriteString(sentences[language])
		b.WriteString(parts[i%len(parts)])
		b.WriteString(string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + " ")
	}
	return b.String()
}

func BenchmarkAnalyze(b *testing.B) {
	for language, tag := range map[string]string{"English": "en", "Russian": "ru", "Chinese": "zh", "Korean": "ko", "French": "fr"} {
		b.Run(language, func(b *testing.B) {
			text := text(language)
			tokens := analysis.Analyze(nil, text, tag)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				tokens = analysis.Analyze(tokens[:0], text, tag)
			}
			b.ReportMetric(float64(len(tokens)), "tokens")
		})
	}
}

func BenchmarkQuery(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		analysis.Query("harbours", false)
	}
}

func BenchmarkSnippets(b *testing.B) {
	text := text("English")
	m := analysis.NewMatcher([][]analysis.Position{analysis.Query("joint venture", false), analysis.Query("harbor", false)})
	b.ReportAllocs()
	for b.Loop() {
		m.Snippets(text, "en", 160, 2)
	}
}
