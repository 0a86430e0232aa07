package picture

import (
	"fmt"
	"hash/fnv"
	"math"
	"net/url"
	"strconv"
	"strings"
)

// Frame is what pictures of all kinds have in common.
type Frame struct {
	Title    string // the name of the picture, above it
	Subtitle string // what it shows, below the title
	Note     string // below the picture: what was left out, sources, the date
	Lang     string // the BCP 47 tag of these texts; the words of the package are English
	Theme    Theme
}

const (
	margin    = 24.0
	textSize  = 12.0
	smallSize = 11.0
	titleSize = 18.0
	bold      = 1.09 // the width of bold letters, compared with regular ones
)

// A canvas collects the elements of a drawing.
type canvas struct {
	strings.Builder
	p palette
}

// num writes a coordinate to a tenth of a pixel, which hides what processors that fuse
// multiplications compute otherwise.
func num(v float64) string {
	tenths := int64(math.Round(v * 10))
	if tenths%10 == 0 {
		return strconv.FormatInt(tenths/10, 10)
	}
	s := strconv.FormatInt(tenths, 10)
	if tenths > -10 && tenths < 10 {
		s = strings.TrimSuffix(s, s[len(s)-1:]) + "0" + s[len(s)-1:]
	}
	return s[:len(s)-1] + "." + s[len(s)-1:]
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;")

// escape returns an untrusted text for use in an element or attribute.
func escape(s string) string { return escaper.Replace(clean(s)) }

// elem writes an element without children. Attributes are pairs of a name and a
// string, which must be escaped where it is untrusted, or a coordinate.
func (c *canvas) elem(name string, attrs ...any) {
	c.tag(name, attrs)
	c.WriteString("/>\n")
}

// begin writes a start tag.
func (c *canvas) begin(name string, attrs ...any) {
	c.tag(name, attrs)
	c.WriteString(">")
}

func (c *canvas) end(name string) { c.WriteString("</" + name + ">\n") }

func (c *canvas) tag(name string, attrs []any) {
	c.WriteString("<" + name)
	for i := 0; i+1 < len(attrs); i += 2 {
		var value string
		switch v := attrs[i+1].(type) {
		case string:
			value = v
		case float64:
			value = num(v)
		default:
			panic(fmt.Sprintf("attribute of type %T", v))
		}
		if value != "" {
			c.WriteString(" " + attrs[i].(string) + `="` + value + `"`)
		}
	}
}

// title writes the text that browsers show over an element.
func (c *canvas) title(s string) { c.WriteString("<title>" + escape(s) + "</title>\n") }

// link begins a link, and reports whether it did: end("a") is due then.
func (c *canvas) link(href string) bool {
	href = SafeLink(href)
	if href == "" {
		return false
	}
	c.begin("a", "href", escape(href))
	return true
}

// SafeLink returns the address of a link, or "" for one that is neither a path within
// the site nor an address of http or https.
func SafeLink(href string) string {
	if clean(href) != href || strings.ContainsAny(href, "\\ ") || strings.HasPrefix(href, "//") {
		return ""
	}
	u, err := url.Parse(href)
	if err != nil || u.Scheme == "" && u.Host != "" {
		return ""
	}
	switch {
	case u.Scheme == "" && u.Opaque == "", (u.Scheme == "http" || u.Scheme == "https") && u.Host != "":
		return u.String()
	}
	return ""
}

// A style is how a line of text is set.
type style struct {
	size   float64
	fill   string
	bold   bool
	anchor string // start, middle or end
	lang   string
	width  float64 // the width that it is squeezed to where the font is wider; 0 is none
}

// text writes one line of text with its baseline at y.
func (c *canvas) text(x, y float64, s string, st style) {
	weight, length, adjust := "", "", ""
	if st.bold {
		weight = "600"
	}
	if st.width > 0 {
		length, adjust = num(st.width), "spacingAndGlyphs"
	}
	anchor := st.anchor
	if anchor == "start" {
		anchor = ""
	}
	c.begin("text", "x", x, "y", y, "font-size", st.size, "fill", st.fill, "font-weight", weight,
		"text-anchor", anchor, "xml:lang", langTag(st.lang), "font-family", fonts(st.lang),
		"textLength", length, "lengthAdjust", adjust)
	c.WriteString(escape(s))
	c.end("text")
}

// langTag returns a language tag that can stand in an attribute, or "".
func langTag(tag string) string {
	for _, r := range tag {
		if r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return ""
		}
	}
	return tag
}

const (
	latinFonts    = `Arial, 'Liberation Sans', Arimo, 'Helvetica Neue', Helvetica`
	japaneseFonts = `'Hiragino Sans', 'Noto Sans CJK JP', 'Noto Sans JP', 'Yu Gothic', Meiryo`
	koreanFonts   = `'Apple SD Gothic Neo', 'Noto Sans CJK KR', 'Noto Sans KR', 'Malgun Gothic'`
	simpleFonts   = `'PingFang SC', 'Noto Sans CJK SC', 'Noto Sans SC', 'Microsoft YaHei'`
	traditional   = `'PingFang TC', 'Noto Sans CJK TC', 'Noto Sans TC', 'Microsoft JhengHei'`
)

// fonts returns the fonts of a text that differ from those of the whole picture, or "".
// The same character of Unicode has other forms in Chinese, Japanese and Korean print, so
// the fonts follow the language.
func fonts(lang string) string {
	lang = strings.ToLower(lang)
	primary, rest, _ := strings.Cut(lang, "-")
	switch {
	case primary == "ja":
		return latinFonts + ", " + japaneseFonts + ", sans-serif"
	case primary == "ko":
		return latinFonts + ", " + koreanFonts + ", sans-serif"
	case primary == "zh" && (strings.Contains(rest, "hant") || strings.HasSuffix(rest, "tw") || strings.HasSuffix(rest, "hk") || strings.HasSuffix(rest, "mo")):
		return latinFonts + ", " + traditional + ", sans-serif"
	}
	return ""
}

// allFonts are the fonts of the whole picture.
const allFonts = latinFonts + ", " + simpleFonts + ", " + japaneseFonts + ", " + koreanFonts + ", sans-serif"

// A key is an item of the legend.
type key struct {
	text string
	draw func(c *canvas, x, y float64) // in 26 by 14 pixels from x, y
}

// document returns the whole picture: heading, body, legend and note, one below the
// other. alt is the text alternative, line by line.
func document(f Frame, p palette, body string, width, height float64, keys []key, alt []string) []byte {
	inner := max(width, 460)
	c := &canvas{p: p}
	y := margin
	for _, l := range paragraph(clean(f.Title), inner/titleSize/bold, 4) {
		if l == "" {
			continue
		}
		y += titleSize
		c.text(margin, y, l, style{size: titleSize, fill: p.ink, bold: true, lang: f.Lang})
		y += 5
	}
	for _, l := range paragraph(clean(f.Subtitle), inner/13, 4) {
		if l == "" {
			continue
		}
		y += 14
		c.text(margin, y, l, style{size: 13, fill: p.muted, lang: f.Lang})
		y += 4
	}
	if y > margin {
		y += 18
	}
	c.begin("g", "transform", "translate("+num(margin+(inner-width)/2)+" "+num(y)+")")
	c.WriteString("\n" + body)
	c.end("g")
	y += height
	if len(keys) > 0 || clean(f.Note) != "" {
		y += 20
		c.elem("path", "d", "M"+num(margin)+" "+num(y)+"h"+num(inner), "stroke", p.hairline, "fill", "none")
		y += 8
	}
	x := margin
	for i, k := range keys {
		w := 32 + textWidth(k.text)*smallSize*1.1
		if i > 0 && x+w > margin+inner {
			x, y = margin, y+18
		}
		k.draw(c, x, y)
		c.text(x+32, y+11, k.text, style{size: smallSize, fill: p.muted})
		x += w + 20
	}
	if len(keys) > 0 {
		y += 18
	}
	if note := clean(f.Note); note != "" {
		for _, l := range paragraph(note, inner/textSize, 12) {
			y += 16
			c.text(margin, y-2, l, style{size: textSize, fill: p.muted, lang: f.Lang})
		}
	}
	w, h := math.Ceil(inner+2*margin), math.Ceil(y+margin)

	out := &canvas{p: p}
	name := clean(f.Title)
	if name == "" {
		name = "Picture"
	}
	desc := strings.Builder{}
	for _, l := range alt {
		if l = escape(l); l != "" {
			desc.WriteString(l + "\n")
		}
	}
	// Several pictures may be in one page, where ids must differ.
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(name + desc.String() + c.String()))
	id := "p" + strconv.FormatUint(hash.Sum64(), 36)
	out.begin("svg", "xmlns", "http://www.w3.org/2000/svg", "width", w, "height", h,
		"viewBox", "0 0 "+num(w)+" "+num(h), "role", "img", "aria-labelledby", id+"t "+id+"d",
		"xml:lang", langTag(f.Lang), "font-family", allFonts)
	out.WriteString("\n")
	out.begin("title", "id", id+"t")
	out.WriteString(escape(name))
	out.end("title")
	out.begin("desc", "id", id+"d")
	out.WriteString(desc.String())
	out.end("desc")
	out.elem("rect", "width", w, "height", h, "fill", p.ground)
	out.WriteString(strings.ReplaceAll(c.String(), patternID, id+"s"))
	out.end("svg")
	return []byte(out.String())
}

// patternID stands for the beginning of the ids of patterns until the document has ids. It
// is no text that [escape] lets through.
const patternID = "\x00pattern"
