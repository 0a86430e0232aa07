package markdown_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/redthread-api/redthread/internal/markdown"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"pgregory.net/rapid"
)

// Emphasis in Chinese, Japanese and Korean, which have no spaces where
// CommonMark's rule wants some, and beside it what must stay as it is.
func TestEastAsianEmphasis(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, src, html, text string }{
		// Punctuation inside the marks, a letter outside.
		{"JapaneseBrackets", "**「国家安全」**という", "<strong>「国家安全」</strong>という", "「国家安全」という"},
		{"ChineseTitleMarks", "报告**《国家安全法》**指出", "报告<strong>《国家安全法》</strong>指出", "报告《国家安全法》指出"},
		{"KoreanParenthesis", "**해킹(Hacking)**은", "<strong>해킹(Hacking)</strong>은", "해킹(Hacking)은"},
		{"Struck", "~~删除。~~后面", "<del>删除。</del>后面", "删除。后面"},
		{"StruckOnce", "前面~「删除」~后面", "前面<del>「删除」</del>后面", "前面「删除」后面"},
		{"EntityInside", "公司**[[alibaba|阿里巴巴]]**成立", `公司<strong><a href="/entities/alibaba" class="entity">阿里巴巴</a></strong>成立`, "公司阿里巴巴成立"},
		{"LinkInside", "見よ**[法律](/law)**を", `見よ<strong><a href="/law">法律</a></strong>を`, "見よ法律を"},
		{"CodeInside", "命令**`ls`**を使う", "命令<strong><code>ls</code></strong>を使う", "命令lsを使う"},
		{"CodeInsideKorean", "**`npm publish`**를 실행", "<strong><code>npm publish</code></strong>를 실행", "npm publish를 실행"},
		{"FullStop", "**重要である。**次に", "<strong>重要である。</strong>次に", "重要である。次に"},
		{"Comma", "**首先，**其次", "<strong>首先，</strong>其次", "首先，其次"},
		{"QuestionMark", "**本当か？**と問う", "<strong>本当か？</strong>と問う", "本当か？と問う"},
		{"FullwidthParentheses", "彼は**（匿名）**と言う", "彼は<strong>（匿名）</strong>と言う", "彼は（匿名）と言う"},
		{"CornerBrackets", "本文*『書名』*参照", "本文<em>『書名』</em>参照", "本文『書名』参照"},
		{"LenticularBrackets", "**【速報】**発表", "<strong>【速報】</strong>発表", "【速報】発表"},
		{"ChineseQuotes", "所谓**“国家安全”**概念", "所谓<strong>“国家安全”</strong>概念", "所谓“国家安全”概念"},
		{"ChineseSingleQuotes", "所谓**‘安全’**概念", "所谓<strong>‘安全’</strong>概念", "所谓‘安全’概念"},
		{"AsciiQuotes", "所谓**\"安全\"**概念", "所谓<strong>&#34;安全&#34;</strong>概念", `所谓"安全"概念`},
		{"AsciiParentheses", "公司**(中国)**有限", "公司<strong>(中国)</strong>有限", "公司(中国)有限"},
		{"Percent", "占**50%**股份", "占<strong>50%</strong>股份", "占50%股份"},
		{"Currency", "約**$100**を", "約<strong>$100</strong>を", "約$100を"},
		{"Tilde", "**2010年〜**現在", "<strong>2010年〜</strong>現在", "2010年〜現在"},
		{"Ellipsis", "**等等……**他说", "<strong>等等……</strong>他说", "等等……他说"},
		{"Emphasised", "这是*《法》*的", "这是<em>《法》</em>的", "这是《法》的"},
		{"StrongAndEmphasised", "这是***《法》***的", "这是<em><strong>《法》</strong></em>的", "这是《法》的"},
		{"Nested", "**甲*「乙」*丙。**丁", "<strong>甲<em>「乙」</em>丙。</strong>丁", "甲「乙」丙。丁"},
		{"TwoInOneLine", "**「甲」**と**「乙」**は", "<strong>「甲」</strong>と<strong>「乙」</strong>は", "「甲」と「乙」は"},
		{"StruckInStrong", "**~~旧。~~新**です", "<strong><del>旧。</del>新</strong>です", "旧。新です"},

		// The characters that count as CJK.
		{"Hangul", "그는**‘보안’**을", "그는<strong>‘보안’</strong>을", "그는‘보안’을"},
		{"HangulJamo", "ᄒ**(a)**ᄒ", "ᄒ<strong>(a)</strong>ᄒ", "ᄒ(a)ᄒ"},
		{"HalfwidthKatakana", "ｱ**(a)**ｱ", "ｱ<strong>(a)</strong>ｱ", "ｱ(a)ｱ"},
		{"FullwidthLetters", "Ａ**(a)**Ｂ", "Ａ<strong>(a)</strong>Ｂ", "Ａ(a)Ｂ"},
		{"SupplementaryPlane", "𠮷**(a)**𠮷", "𠮷<strong>(a)</strong>𠮷", "𠮷(a)𠮷"},
		{"ThirdPlane", "\U00030000**(a)**\U00030000", "\U00030000<strong>(a)</strong>\U00030000", "\U00030000(a)\U00030000"},
		{"IdeographicVariation", "葛\U000E0100**(a)**葛\U000E0101城", "葛\U000E0100<strong>(a)</strong>葛\U000E0101城", "葛\U000E0100(a)葛\U000E0101城"},
		{"StandardizedVariation", "塚\uFE00**(a)**塚\uFE00", "塚\uFE00<strong>(a)</strong>塚\uFE00", "塚\uFE00(a)塚\uFE00"},
		{"VariedPunctuation", "**a。\uFE01**b", "<strong>a。\uFE01</strong>b", "a。\uFE01b"},
		{"FullwidthQuotes", "a**“\uFE01b”\uFE01**c", "a**“\uFE01b”\uFE01**c", "a**“\uFE01b”\uFE01**c"},
		{"FullwidthQuoteAtTheEnd", "**b”\uFE01**c", "<strong>b”\uFE01</strong>c", "b”\uFE01c"},
		{"Bopomofo", "ㄅ**(a)**ㄅ", "ㄅ<strong>(a)</strong>ㄅ", "ㄅ(a)ㄅ"},
		{"Yi", "ꀀ**(a)**ꀀ", "ꀀ<strong>(a)</strong>ꀀ", "ꀀ(a)ꀀ"},
		{"EnclosedIdeograph", "㈱**(a)**㈱", "㈱<strong>(a)</strong>㈱", "㈱(a)㈱"},
		{"EmojiIsNone", "**a🐟**b", "**a🐟**b", "**a🐟**b"},
		{"EmojiBeforeAnIdeograph", "**a🐟**字", "<strong>a🐟</strong>字", "a🐟字"},
		{"LatinBesideWidePunctuation", "**「a」**b", "<strong>「a」</strong>b", "「a」b"},

		// Marks that mark nothing.
		{"SpaceInside", "甲** 乙**丙", "甲** 乙**丙", "甲** 乙**丙"},
		{"IdeographicSpaceInside", "甲**\u3000「乙」**丙", "甲**\u3000「乙」**丙", "甲** 「乙」**丙"},
		{"Escaped", `甲\*\*「乙」\*\*丙`, "甲**「乙」**丙", "甲**「乙」**丙"},
		{"Underscores", "甲__「乙」__丙", "甲__「乙」__丙", "甲__「乙」__丙"},
		{"UnderscoresBesidePunctuation", "甲、__「乙」__、丙", "甲、<strong>「乙」</strong>、丙", "甲、「乙」、丙"},
		{"Multiplication", "3*4*5は", "3<em>4</em>5は", "345は"},
		{"Open", "甲**「乙」丙", "甲**「乙」丙", "甲**「乙」丙"},

		// Other scripts, as CommonMark has it.
		{"Latin", `a**"b"**c`, `a**&#34;b&#34;**c`, `a**"b"**c`},
		{"LatinWithSpaces", `a **"b"** c`, `a <strong>&#34;b&#34;</strong> c`, `a "b" c`},
		{"Cyrillic", "а**«б»**в", "а**«б»**в", "а**«б»**в"},
		{"Thai", "ก**(ข)**ค", "ก**(ข)**ค", "ก**(ข)**ค"},
		{"LatinStruck", "a~~(b)~~c", "a~~(b)~~c", "a~~(b)~~c"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkForms(t, tt.src, "<p>"+tt.html+"</p>", tt.text)
		})
	}
}

func checkForms(t *testing.T, src, html, text string) {
	t.Helper()
	d := markdown.Parse(src)
	r := d.For(everything)
	got := r.HTML(markdown.Whole)
	if diff := cmp.Diff(html, strings.TrimSuffix(got, "\n")); diff != "" {
		t.Errorf("HTML (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(text, r.Text(markdown.Whole)); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	if p := d.Problems(); len(p) > 0 {
		t.Errorf("got problems %v", p)
	}
	checkSafe(t, got)
}

func TestBareAddresses(t *testing.T) {
	t.Parallel()
	link := func(href, shown string) string {
		return `<a href="` + href + `" rel="nofollow noopener">` + shown + `</a>`
	}
	const article = "https://ja.wikipedia.org/wiki/%E5%9B%BD%E5%AE%B6%E5%AE%89%E5%85%A8%E4%BF%9D%E9%9A%9C"
	whole := link(article, "https://ja.wikipedia.org/wiki/国家安全保障")
	for _, tt := range []struct{ name, src, html string }{
		{"Path", "https://ja.wikipedia.org/wiki/国家安全保障", whole},
		{"PathInASentence", "参见https://ja.wikipedia.org/wiki/国家安全保障。其次", "参见" + whole + "。其次"},
		{"AfterKana", "詳細はhttps://ja.wikipedia.org/wiki/国家安全保障、次", "詳細は" + whole + "、次"},
		{"AfterHangul", "참조https://example.org/가 나", "참조" + link("https://example.org/%EA%B0%80", "https://example.org/가") + " 나"},
		{"CornerBrackets", "「https://ja.wikipedia.org/wiki/国家安全保障」と", "「" + whole + "」と"},
		{"FullwidthParentheses", "（https://ja.wikipedia.org/wiki/国家安全保障）と", "（" + whole + "）と"},
		{"FullwidthComma", "见https://example.org/a，再", "见" + link("https://example.org/a", "https://example.org/a") + "，再"},
		{"IdeographicSpace", "https://example.org/国\u3000次", link("https://example.org/%E5%9B%BD", "https://example.org/国") + "\u3000次"},
		{"MiddleDot", "https://ja.wikipedia.org/wiki/ジョン・スミス・", link("https://ja.wikipedia.org/wiki/%E3%82%B8%E3%83%A7%E3%83%B3%E3%83%BB%E3%82%B9%E3%83%9F%E3%82%B9", "https://ja.wikipedia.org/wiki/ジョン・スミス") + "・"},
		{"Query", "https://example.org/?q=国&r=1#章", link("https://example.org/?q=%E5%9B%BD&amp;r=1#%E7%AB%A0", "https://example.org/?q=国&amp;r=1#章")},
		{"Cyrillic", "см. https://ru.wikipedia.org/wiki/Китай.", "см. " + link("https://ru.wikipedia.org/wiki/%D0%9A%D0%B8%D1%82%D0%B0%D0%B9", "https://ru.wikipedia.org/wiki/Китай") + "."},
		{"Combining", "https://example.org/e\u0301a x", link("https://example.org/e%CC%81a", "https://example.org/e\u0301a") + " x"},
		{"Dash", "https://example.org/a–b… x", link("https://example.org/a%E2%80%93b", "https://example.org/a–b") + "… x"},
		{"Quotes", "“https://example.org/a” x", "“" + link("https://example.org/a", "https://example.org/a") + "” x"},
		{"Host", "https://例え.jp/あ", link("https://xn--r8jz45g.jp/%E3%81%82", "https://例え.jp/あ")},
		{"HostWithPort", "https://例え.jp:8080/", link("https://xn--r8jz45g.jp:8080/", "https://例え.jp:8080/")},
		{"HostOfALinkInBrackets", "[a](https://例え.jp/)", link("https://xn--r8jz45g.jp/", "a")},
		{"HostThatIsNone", "https://a\u200db.例え/", "https://a\u200db.例え/"},
		{"HostBeforeAnIdeograph", "https://example.orgを参照", link("https://example.org", "https://example.org") + "を参照"},
		{"HostLatin", "https://www.münchen.example/", link("https://www.xn--mnchen-3ya.example/", "https://www.münchen.example/")},
		{"Www", "参见www.example.org/国，", "参见" + link("http://www.example.org/%E5%9B%BD", "www.example.org/国") + "，"},
		{"Parentheses", "(https://example.org/a_(b))", "(" + link("https://example.org/a_(b)", "https://example.org/a_(b)") + ")"},
		{"ParenthesesOfIdeographs", "(https://zh.wikipedia.org/wiki/法_(中国))", "(" + link("https://zh.wikipedia.org/wiki/%E6%B3%95_(%E4%B8%AD%E5%9B%BD)", "https://zh.wikipedia.org/wiki/法_(中国)") + ")"},
		{"SentenceEnd", "https://example.org/a?! https://example.org.", link("https://example.org/a", "https://example.org/a") + "?! " + link("https://example.org", "https://example.org") + "."},
		{"Reference", "https://example.org/a&copy; x", link("https://example.org/a", "https://example.org/a") + "© x"},
		{"Emphasised", "**https://example.org/国**は", "<strong>" + link("https://example.org/%E5%9B%BD", "https://example.org/国") + "</strong>は"},
		{"Escaped", `https\://example.org/国`, "https://example.org/国"},
		{"InCode", "`https://example.org/国`", "<code>https://example.org/国</code>"},
		{"InALink", "[https://example.org/国](/a)", `<a href="/a">https://example.org/国</a>`},
		{"AfterALatinLetter", "xhttps://example.org/a éhttps://example.org/a", "xhttps://example.org/a éhttps://example.org/a"},
		{"NoDot", "http://localhost/国 http://", "http://localhost/国 http://"},
		{"AUserBeforeTheHost", "https://example.org@evil.example/", "https://example.org@evil.example/"},
		{"OtherScheme", "ftp://example.org/a javascript://example.org/a", "ftp://example.org/a javascript://example.org/a"},
		{"Mail", "write to a.b@example.org, or not", `write to <a href="mailto:a.b@example.org">a.b@example.org</a>, or not`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(tt.html, "")
			text = strings.ReplaceAll(strings.ReplaceAll(text, "&amp;", "&"), "\u3000", " ")
			checkForms(t, tt.src, "<p>"+tt.html+"</p>", text)
		})
	}
}

func TestTasks(t *testing.T) {
	t.Parallel()
	const (
		open = `<li class="task-list-item"><input type="checkbox" disabled="">`
		done = `<li class="task-list-item"><input type="checkbox" disabled="" checked="">`
	)
	for _, tt := range []struct{ name, src, html, text string }{
		{"List", "- [ ] 甲\n- [x] *b*\n- [X] c", "<ul>\n" + open + " 甲</li>\n" + done + " <em>b</em></li>\n" + done + " c</li>\n</ul>", "[ ] 甲\n[x] b\n[x] c"},
		{"Loose", "- [ ] a\n\n- b", "<ul>\n" + strings.Replace(open, "<input", "\n<p><input", 1) + " a</p>\n</li>\n<li>\n<p>b</p>\n</li>\n</ul>", "[ ] a\n\nb"},
		{"Numbered", "1. [x] a\n   - [ ] b", "<ol>\n" + done + " a\n<ul>\n" + open + " b</li>\n</ul>\n</li>\n</ol>", "[x] a\n[ ] b"},
		{"ALinkIsNone", "- [x](/a)\n- [x]b", "<ul>\n<li><a href=\"/a\">x</a></li>\n<li>[x]b</li>\n</ul>", "x\n[x]b"},
		{"OnlyAtTheStart", "- a [x] b\n- c\n  [ ] d", "<ul>\n<li>a [x] b</li>\n<li>c\n[ ] d</li>\n</ul>", "a [x] b\nc [ ] d"},
		{"NotInAParagraph", "[x] a", "<p>[x] a</p>", "[x] a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkForms(t, tt.src, tt.html, tt.text)
		})
	}
	if got := markdown.Parse("- [x] one two").WordCount(); got != 2 {
		t.Errorf("a box counts as a word: got %d words, want 2", got)
	}
}

func TestDirectionAndLanguageStay(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ src, html, text string }{
		{`<bdi dir="auto">[[acme]]</bdi>`, `<p><bdi dir="auto"><a href="/entities/acme" class="entity">The acme</a></bdi></p>`, "The acme"},
		{`<span dir="auto" lang="ar">س</span>`, `<p><span dir="auto" lang="ar">س</span></p>`, "س"},
		{`<bdo dir="rtl">a</bdo>`, `<p><bdo dir="rtl">a</bdo></p>`, "a"},
		{`<q lang="zh-Hant-TW" dir=AUTO>國</q>`, `<p><q lang="zh-Hant-TW" dir="AUTO">國</q></p>`, "國"},
		{`<span dir="up" lang="a b">c</span>`, `<p><span>c</span></p>`, "c"},
	} {
		checkForms(t, tt.src, tt.html, tt.text)
	}
}

// marksOf is what is marked in HTML, and nothing else of it.
func marksOf(html string) string {
	var b strings.Builder
	for _, tag := range regexp.MustCompile(`</?(?:em|strong|del)>|[^<]+|<[^>]*>`).FindAllString(html, -1) {
		if !strings.HasPrefix(tag, "<") || regexp.MustCompile(`^</?(?:em|strong|del)>$`).MatchString(tag) {
			b.WriteString(strings.NewReplacer("&quot;", `"`, "&#34;", `"`, "&#39;", "'").Replace(tag))
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// Texts without CJK characters are marked as goldmark marks them, which follows
// CommonMark.
func TestLatinIsMarkedAsInCommonMark(t *testing.T) {
	t.Parallel()
	stock := goldmark.New(goldmark.WithExtensions(extension.Strikethrough))
	rapid.Check(t, func(t *rapid.T) {
		const alphabet = "***___~~ab1é“.,()- \n\u00a0€"
		src := "x" + rapid.StringOfN(rapid.SampledFrom([]rune(alphabet)), 1, 24, -1).Draw(t, "src")
		var want strings.Builder
		if err := stock.Convert([]byte(src), &want); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(want.String(), "<li>") || strings.Contains(want.String(), "<h") || strings.Contains(want.String(), "<hr") {
			t.Skip("no paragraph")
		}
		if diff := cmp.Diff(marksOf(want.String()), marksOf(markdown.Parse(src).For(markdown.Names{}).HTML(markdown.Whole))); diff != "" {
			t.Fatalf("%q (-goldmark +got):\n%s", src, diff)
		}
	})
}

// The examples of CommonMark's specification come with goldmark's source.
func TestExamplesOfCommonMark(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/yuin/goldmark").Output()
	if err != nil {
		t.Skip("the go command cannot tell where goldmark's source is")
	}
	raw, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), "_test", "spec.json"))
	if err != nil {
		t.Skip("goldmark's source has no examples here")
	}
	var examples []struct {
		Example                 int
		Section, Markdown, HTML string
	}
	if err := json.Unmarshal(raw, &examples); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, e := range examples {
		if e.Section != "Emphasis and strong emphasis" {
			continue
		}
		ran++
		got := marksOf(markdown.Parse(e.Markdown).For(markdown.Names{}).HTML(markdown.Whole))
		if diff := cmp.Diff(marksOf(e.HTML), got); diff != "" {
			t.Errorf("example %d, %q (-want +got):\n%s", e.Example, e.Markdown, diff)
		}
	}
	if ran < 100 {
		t.Errorf("got %d examples of emphasis, want more than 100", ran)
	}
}
