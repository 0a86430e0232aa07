package names_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/redthread-api/redthread/internal/search/names"
)

// invented returns names of companies and people, of which a tenth is not in Latin
// letters.
func invented(r *rand.Rand, n int) []string {
	pick := func(from []string) string { return from[r.IntN(len(from))] }
	syllables := []string{"ra", "ven", "hol", "mar", "tin", "del", "kor", "is", "wen", "dal", "bro", "sta", "lun", "fer", "gos", "pri"}
	han := []rune("红线远景明志海东方星辰光华北山川")
	own := func() string {
		s := pick(syllables) + pick(syllables)
		if r.IntN(2) == 0 {
			s += pick(syllables)
		}
		return s
	}
	out := make([]string, n)
	for i := range out {
		switch r.IntN(10) {
		case 0:
			a, b := han[r.IntN(len(han))], han[r.IntN(len(han))]
			out[i] = string([]rune{a, b}) + pick([]string{"科技有限公司", "矿业集团有限公司", "明"})
		case 1, 2, 3:
			out[i] = own() + " " + own()
		default:
			out[i] = fmt.Sprintf("%s %s %s %s", own(), own(), pick([]string{"Mining", "Technology", "Shipping", "Energy", "Bank"}),
				pick([]string{"Co., Ltd.", "Group", "Inc.", "GmbH", "Corporation"}))
		}
	}
	return out
}

// BenchmarkScreening compares 200 names with 50 candidates of 3 names each.
func BenchmarkScreening(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	looked := invented(r, 200)
	queries := make([]names.Prepared, len(looked))
	for i, s := range looked {
		queries[i] = names.Prepare(s)
	}
	candidates := make([][]names.PreparedName, 200*50)
	for i := range candidates {
		texts := invented(r, 3)
		// Candidates share a word with what is looked for, as keys find them.
		texts[0] = looked[i/50][:len(looked[i/50])/2] + texts[0]
		for _, s := range texts {
			candidates[i] = append(candidates[i], names.PrepareName(names.Name{Text: s}))
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		for i := range queries {
			for j := range 50 {
				queries[i].Compare(candidates[i*50+j])
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(200*50*3), "ns/name")
}

func BenchmarkPrepareName(b *testing.B) {
	texts := invented(rand.New(rand.NewPCG(1, 2)), 1000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		names.PrepareName(names.Name{Text: texts[i%len(texts)]})
	}
}

func BenchmarkKeys(b *testing.B) {
	texts := invented(rand.New(rand.NewPCG(1, 2)), 1000)
	b.ReportAllocs()
	total := 0
	n := 0
	for i := 0; b.Loop(); i++ {
		total += len(names.Keys(names.Name{Text: texts[i%len(texts)]}))
		n++
	}
	b.ReportMetric(float64(total)/float64(n), "keys/name")
}

func BenchmarkAcrossScripts(b *testing.B) {
	for _, pair := range [][2]string{
		{"Huang Xiaoming", "黄小明"}, {"Sergej Kuznecov", "Сергей Кузнецов"}, {"Wong Siu Ming", "Huang Xiaoming"},
		{"Beijing Hongxian Technology Co., Ltd.", "北京红线科技有限公司"}, {"Martin Holloway", "黄小明"},
	} {
		b.Run(pair[0], func(b *testing.B) {
			q := names.Prepare(pair[0])
			c := []names.PreparedName{names.PrepareName(names.Name{Text: pair[1]})}
			b.ReportAllocs()
			for b.Loop() {
				q.Compare(c)
			}
		})
	}
}
