package render

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
)

// Words are the words of a rendering that are not the edition's own, in one language.
type Words struct {
	Lang string // BCP 47
	// Dir is the direction of the words: ltr or rtl.
	Dir string

	Editions, AllEditions, NoEditions, Contents, Notes, Sources, About, Topics, Analysis string
	Previous, Next, Published, Updated, Archived, Back, Skip                             string
	ReadOnWeb, Preferences, Unsubscribe, Subscribe, SubscribeTo, Feeds, Preview          string
	Received                                                                             string // %s: the series
	number                                                                               string // %d
	openQuote, closeQuote                                                                string
	comma                                                                                string
	eastAsian                                                                            bool // dates are 2026年4月13日
	until                                                                                string
}

var english = &Words{
	Lang: "en", Dir: "ltr",
	Editions: "Editions", AllEditions: "All editions", NoEditions: "There are no editions yet.", Contents: "In this edition",
	Notes: "Notes", Sources: "Sources", About: "About", Topics: "Topics", Analysis: "Analysis",
	Previous: "Previous edition", Next: "Next edition", Published: "Published", Updated: "Updated", Archived: "archived copy",
	Back: "back to the text", Skip: "Skip to the content",
	ReadOnWeb: "Read on the web", Preferences: "Preferences", Unsubscribe: "Unsubscribe", Subscribe: "Subscribe",
	SubscribeTo: "Get the next edition by e-mail.", Feeds: "Feeds", Preview: "Preview",
	Received: "You get this mail because you subscribed to %s.", number: "No. %d", openQuote: "“", closeQuote: "”", comma: ", ", until: "–",
}

var japanese = &Words{
	Lang: "ja", Dir: "ltr",
	Editions: "各号", AllEditions: "すべての号", NoEditions: "まだ号がありません。", Contents: "目次",
	Notes: "注", Sources: "出典", About: "関連", Topics: "テーマ", Analysis: "分析",
	Previous: "前の号", Next: "次の号", Published: "発行", Updated: "更新", Archived: "保存版",
	Back: "本文に戻る", Skip: "本文へ",
	ReadOnWeb: "ウェブで読む", Preferences: "配信設定", Unsubscribe: "配信停止", Subscribe: "購読する",
	SubscribeTo: "次の号をメールで受け取れます。", Feeds: "フィード", Preview: "プレビュー",
	Received: "このメールは「%s」を購読された方にお送りしています。", number: "第%d号", openQuote: "「", closeQuote: "」", comma: "、", eastAsian: true, until: "〜",
}

var traditional = &Words{
	Lang: "zh-Hant", Dir: "ltr",
	Editions: "各期", AllEditions: "所有各期", NoEditions: "目前尚無內容。", Contents: "本期內容",
	Notes: "註釋", Sources: "來源", About: "相關對象", Topics: "主題", Analysis: "分析",
	Previous: "上一期", Next: "下一期", Published: "發布", Updated: "更新", Archived: "存檔副本",
	Back: "返回正文", Skip: "跳至正文",
	ReadOnWeb: "在網頁上閱讀", Preferences: "訂閱設定", Unsubscribe: "取消訂閱", Subscribe: "訂閱",
	SubscribeTo: "以電子郵件接收下一期。", Feeds: "訂閱源", Preview: "預覽",
	Received: "您收到此郵件，是因為您訂閱了《%s》。", number: "第 %d 期", openQuote: "「", closeQuote: "」", comma: "、", eastAsian: true, until: "至",
}

var simplified = &Words{
	Lang: "zh-Hans", Dir: "ltr",
	Editions: "各期", AllEditions: "所有各期", NoEditions: "目前尚无内容。", Contents: "本期内容",
	Notes: "注释", Sources: "来源", About: "相关对象", Topics: "主题", Analysis: "分析",
	Previous: "上一期", Next: "下一期", Published: "发布", Updated: "更新", Archived: "存档副本",
	Back: "返回正文", Skip: "跳至正文",
	ReadOnWeb: "在网页上阅读", Preferences: "订阅设置", Unsubscribe: "取消订阅", Subscribe: "订阅",
	SubscribeTo: "通过电子邮件接收下一期。", Feeds: "订阅源", Preview: "预览",
	Received: "您收到此邮件，是因为您订阅了《%s》。", number: "第 %d 期", openQuote: "“", closeQuote: "”", comma: "、", eastAsian: true, until: "至",
}

// WordsFor returns the words for a language: Japanese, Traditional or Simplified
// Chinese, and English for any other. Of Chinese, the script decides; a region without
// a script has the one that is usual there, so zh-HK, zh-MO and zh-TW are Traditional.
func WordsFor(tag string) *Words {
	t := language.Make(tag)
	base, _ := t.Base()
	switch base.String() {
	case "ja":
		return japanese
	case "zh", "yue":
		if script, _ := t.Script(); script.String() == "Hant" {
			return traditional
		}
		return simplified
	}
	return english
}

// Number returns the number of an edition: No. 83.
func (w *Words) Number(n int) string { return fmt.Sprintf(w.number, n) }

// WhyReceived says why a reader gets a mail.
func (w *Words) WhyReceived(series string) string { return fmt.Sprintf(w.Received, series) }

// Quote returns a text in quotation marks.
func (w *Words) Quote(text string) string { return w.openQuote + text + w.closeQuote }

// Comma returns what stands between the parts of a list.
func (w *Words) Comma() string { return w.comma }

// Stop returns what stands between the title of a source and what follows.
func (w *Words) Stop() string {
	if w.eastAsian {
		return "。"
	}
	return ". "
}

// Date returns a date for readers, as precise as it is: 2014, April 2023, 26 April 2023.
// What is no date is returned as it is.
func (w *Words) Date(date string) string {
	t, precision, ok := parseDate(date)
	if !ok {
		return date
	}
	if w.eastAsian {
		return t.Format([]string{"2006年", "2006年1月", "2006年1月2日"}[precision])
	}
	return t.Format([]string{"2006", "January 2006", "2 January 2006"}[precision])
}

// Period returns two dates for readers as one: 13–26 April 2026.
func (w *Words) Period(from, to string) string {
	start, p, ok := parseDate(from)
	end, q, ok2 := parseDate(to)
	switch {
	case !ok && !ok2:
		return ""
	case !ok2 || from == to:
		return w.Date(from)
	case !ok:
		return w.Date(to)
	case p != 2 || q != 2:
		return w.Date(from) + w.until + w.Date(to)
	}
	sameYear := start.Year() == end.Year()
	sameMonth := sameYear && start.Month() == end.Month()
	switch {
	case w.eastAsian && sameMonth:
		return w.Date(from) + w.until + strconv.Itoa(end.Day()) + "日"
	case w.eastAsian && sameYear:
		return w.Date(from) + w.until + end.Format("1月2日")
	case w.eastAsian:
		return w.Date(from) + w.until + w.Date(to)
	case sameMonth:
		return strconv.Itoa(start.Day()) + w.until + w.Date(to)
	case sameYear:
		return start.Format("2 January") + " " + w.until + " " + w.Date(to)
	}
	return w.Date(from) + " " + w.until + " " + w.Date(to)
}

// parseDate reads a date whose precision is 0 for a year, 1 for a month and 2 for a day.
func parseDate(date string) (at time.Time, precision int, ok bool) {
	layouts := []string{"2006", "2006-01", "2006-01-02"}
	for i, layout := range layouts {
		if len(date) == len(layout) {
			t, err := time.Parse(layout, date)
			return t, i, err == nil
		}
	}
	return time.Time{}, 0, false
}

// Place returns what stands after the title of a source: its publisher, its date and the
// place in it, those of them that are known.
func (w *Words) Place(n *Note) string {
	var parts []string
	for _, p := range []string{n.Publisher, w.Date(n.Date), n.Locator} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, w.comma)
}
