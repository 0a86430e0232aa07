package analysis_test

import (
	"testing"

	"github.com/redthread-api/redthread/internal/search/analysis"
)

// Each line has a word in the forms of Japan, of simplified and of traditional
// Chinese.
func TestFormsOfHanCharactersMeet(t *testing.T) {
	t.Parallel()
	for _, forms := range [][]string{
		{"国家", "国家", "國家"},
		{"経済", "经济", "經濟"},
		{"発展", "发展", "發展"},
		{"関係", "关系", "關係"},
		{"対応", "对应", "對應"},
		{"総体", "总体", "總體"},
		{"広東", "广东", "廣東"},
		{"亀", "龟", "龜"},
		{"竜", "龙", "龍"},
		{"辺", "边", "邊"},
		{"沢", "泽", "澤"},
		{"気", "气", "氣"},
		{"銭", "钱", "錢"},
		{"労働", "劳动", "勞動"},
	} {
		var want string
		for i, form := range forms {
			got := terms(form, "")
			if i == 0 {
				want = got
			} else if got != want {
				t.Errorf("%s is %s, and %s is %s", forms[0], want, form, got)
			}
		}
	}
}

func TestOtherHanCharactersStayApart(t *testing.T) {
	t.Parallel()
	seen := map[string]rune{}
	for _, r := range "安全国家法中日美人大小上下水火木金土石口手目耳足心山川田力刀车门马鸟鱼龙" {
		term := analysis.Words(string(r))[0].Term
		if other, ok := seen[term]; ok {
			t.Errorf("%c and %c are the same term", r, other)
		}
		seen[term] = r
	}
}
