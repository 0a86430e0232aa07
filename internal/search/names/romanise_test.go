package names_test

import (
	"slices"
	"testing"

	"github.com/redthread-api/redthread/internal/search/names"
)

// TestWadeGiles checks the syllables in which the systems differ.
func TestWadeGiles(t *testing.T) {
	t.Parallel()
	for pinyin, want := range map[string]string{
		"bei": "pei", "jing": "ching", "zhang": "chang", "chang": "chang", "qing": "ching", "xiang": "hsiang", "xue": "hsueh", "zhi": "chih",
		"zi": "tzu", "si": "ssu", "ri": "jih", "ren": "jen", "guo": "kuo", "gui": "kuei", "duo": "to", "luo": "lo", "zuo": "tso", "cao": "tsao",
		"zhong": "chung", "xiong": "hsiung", "yan": "yen", "tian": "tien", "jie": "chieh", "yue": "yueh", "er": "erh", "ge": "ko", "he": "ho",
		"lv": "lu", "quan": "chuan", "shuo": "shuo", "ma": "ma", "yi": "i", "you": "yu", "dong": "tung",
	} {
		if got := names.WadeGiles(pinyin); got != want {
			t.Errorf("%s: got %s, want %s", pinyin, got, want)
		}
	}
}

func TestKoreanRomanisations(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ text, revised, mcCune string }{
		{"서울", "seoul", "soul"}, {"부산", "busan", "pusan"}, {"평양", "pyeongyang", "pyongyang"}, {"대구", "daegu", "taegu"},
		{"광주", "gwangju", "kwangju"}, {"김포", "gimpo", "kimpo"}, {"제주", "jeju", "cheju"}, {"전주", "jeonju", "chonju"},
		{"인천", "incheon", "inchon"}, {"거제", "geoje", "koje"}, {"원주", "wonju", "wonju"}, {"경기", "gyeonggi", "kyonggi"},
	} {
		if got := names.Revised(row.text); got != row.revised {
			t.Errorf("%s in Revised Romanisation: got %s, want %s", row.text, got, row.revised)
		}
		if got := names.McCune(row.text); got != row.mcCune {
			t.Errorf("%s in McCune-Reischauer: got %s, want %s", row.text, got, row.mcCune)
		}
	}
}

func TestHongKongSpellings(t *testing.T) {
	t.Parallel()
	for jyutping, want := range map[string]string{
		"wong": "wong", "can": "chan", "zoeng": "cheung", "loeng": "leung", "gwok": "kwok", "ng": "ng", "zang": "chang", "heoi": "hui",
		"lam": "lam", "siu": "siu", "jip": "yip", "jyun": "yuen", "ho": "ho", "zau": "chau", "fung": "fung", "si": "sze", "man": "man",
	} {
		if got := names.HongKong(jyutping); len(got) == 0 || got[0] != want {
			t.Errorf("%s: got %v, want %s first", jyutping, got, want)
		}
	}
}

func TestForms(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name names.Name
		want []string // all of them
	}{
		{names.Name{Text: "曾明远"}, []string{"Zeng Mingyuan", "Tseng Mingyuan", "Tsang Ming Yuen"}},
		{names.Name{Text: "單國棟"}, []string{"Shan Guodong", "Shan Kuotung"}},
		{names.Name{Text: "欧阳雪松"}, []string{"Ouyang Xuesong"}},
		{names.Name{Text: "翟文"}, []string{"Zhai Wen"}},
		{names.Name{Text: "上海"}, []string{"Shanghai"}},
		{names.Name{Text: "重庆远景矿业有限公司"}, []string{"重庆远景矿业", "Chongqing Yuanjing Mining", "Chongqing Yuanjing Kuangye"}},
		{names.Name{Text: "최영수"}, []string{"Choi Yeongsu", "Choi Yongsu", "Choe Yeongsu"}},
		{names.Name{Text: "すずき はなこ"}, []string{"Suzuki Hanako"}},
		{names.Name{Text: "シマズ"}, []string{"Shimazu", "Simazu"}},
		{names.Name{Text: "Юрий Щербаков"}, []string{"Yury Shcherbakov", "Urij Serbakov", "Iurii Shcherbakov"}},
		{names.Name{Text: "Гриценко", Language: "uk"}, []string{"Hrytsenko"}},
		{names.Name{Text: "Redline Co., Ltd."}, []string{"redline"}},
	} {
		t.Run(row.name.Text, func(t *testing.T) {
			t.Parallel()
			got := names.Forms(row.name)
			for _, want := range row.want {
				if !slices.Contains(got, want) {
					t.Errorf("got %q, want %q among them", got, want)
				}
			}
			if len(got) > 8 {
				t.Errorf("got %d forms: %q", len(got), got)
			}
		})
	}
	if got := names.Forms(names.Name{Text: "Redline Mining"}); len(got) != 0 {
		t.Errorf("a plain name: got %q, want none", got)
	}
}

// TestLegalForms checks that spellings of one form make the same name, and that names
// that look like a form are not cut.
func TestLegalForms(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		a, b string
		want float64
	}{
		{"Redline Co., Ltd.", "Redline Company Limited", 1},
		{"Redline Corp", "Redline Corporation", 1},
		{"Redline S.A.", "Redline SA", 1},
		{"Redline s.r.o.", "Redline, s. r. o.", 1},
		{"Redline Sp. z o.o.", "Redline sp. z o. o.", 1},
		{"Redline GmbH & Co. KG", "Redline GmbH & Co KG", 1},
		{"(주)한빛", "한빛", 0.97},
		{"㈱ミナト", "株式会社ミナト", 0.99},
		{"Redline Ltd", "Redline Co., Ltd.", 0.99},
		{"Redline Ltd", "Redline Inc", 0.95},
		{"Redline", "Redline LLC", 0.97},
		{"红线股份有限公司", "红线", 0.97},
		{"Maria Sa", "Maria", 0.74}, // Sa is a name here
		{"LI SA", "LI AG", 0.5},
		{"Limited", "Limited", 1},
		{"有限公司", "有限公司", 1},
	} {
		if got := match(row.a, row.b).Score; got < row.want-0.006 || got > row.want+0.006 {
			t.Errorf("%q and %q: got %.3f, want %.2f", row.a, row.b, got, row.want)
		}
	}
}
