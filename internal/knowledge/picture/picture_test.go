package picture_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge/picture"
)

func TestGolden(t *testing.T) {
	t.Parallel()
	darkOwnership := smallOwnership()
	darkOwnership.Theme = picture.Dark
	for name, d := range map[string]drawing{
		"network.svg": smallNetwork(), "ownership.svg": smallOwnership(), "ownership-dark.svg": darkOwnership,
		"timeline.svg": smallTimeline(), "activity.svg": smallActivity(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden(t, name, draw(t, d))
		})
	}
}

func TestSameInputGivesSameBytes(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]drawing{
		"Network": bookNetwork(), "Parts": apart(), "Ownership": wideOwnership(40, 70),
		"Timeline": smallTimeline(), "Activity": longActivity(60),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := draw(t, d)
			for range 3 {
				if draw(t, d) != first {
					t.Fatal("got other bytes than before")
				}
			}
		})
	}
}

func TestPicturesStandByThemselves(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]drawing{"Network": bookNetwork(), "Ownership": smallOwnership(), "Timeline": smallTimeline(), "Activity": smallActivity()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			svg := draw(t, d)
			for _, want := range []string{`role="img"`, "aria-labelledby=", "<title id=", "<desc id=", "viewBox=", " width=", " height=", "sans-serif"} {
				if !strings.Contains(svg, want) {
					t.Errorf("has no %s", want)
				}
			}
			for _, no := range []string{"<script", "<style", "<image", "<use", "@import", "xlink", "NaN", "Inf", "\x00"} {
				if strings.Contains(svg, no) {
					t.Errorf("has %q", no)
				}
			}
			for _, part := range strings.Split(svg, "url(")[1:] {
				if !strings.HasPrefix(part, "#") {
					t.Errorf("refers to something outside: url(%.40s", part)
				}
			}
		})
	}
}

// What is shown is also in the text alternative.
func TestTextAlternative(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		d    drawing
		want []string
	}{
		"Network": {smallNetwork(), []string{"Harborlight Mining (company, 86 neighbours not shown)", "Meridian Heavy Industries Group Corporation Limited (company, on a sanctions list, 12 neighbours not shown)",
			"Ada Quillfeather → Harborlight Mining: director of, since 2019, probable", "until May 2021, possible, ended", "Harborlight Mining ↔ Saltmarsh Corridor: partner of", "86 more are not shown."}},
		"Ownership": {smallOwnership(), []string{"Reached through its owners", "25–50\u00a0%, probable, counts", "Quayside Pension Trustees → Harborlight Mining: share not known, may count", "A stake that may count has a double line", "33.4\u00a0%", "at most 5\u00a0%, possible"}},
		"Timeline":  {smallTimeline(), []string{"1 Nov 2014: Holistic Harbours Act adopted (Law)", "Nov 2017: Implementing rules", "2015 to 30 Jun 2019", "since 1 Jul 2023", "until Mar 2018", "date not known: A meeting"}},
		"Activity":  {smallActivity(), []string{"observations:", "微潮: ", "Jun 2025: 48 (Chirrup 31, 微潮 15, Forumhaus 1, not known 1)"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			svg := draw(t, tt.d)
			_, desc, _ := strings.Cut(svg, "<desc")
			desc, _, _ = strings.Cut(desc, "</desc>")
			for _, want := range tt.want {
				if !strings.Contains(desc, want) {
					t.Errorf("has no %q:\n%s", want, desc)
				}
			}
		})
	}
}

func TestPrecisionOfDates(t *testing.T) {
	t.Parallel()
	drawEvent := func(e picture.Event) string {
		return draw(t, picture.Timeline{Events: []picture.Event{e, {Label: "other", Since: "2020-01-01"}}})
	}
	for _, tt := range []struct {
		event picture.Event
		want  string
	}{
		{picture.Event{Label: "x", Since: "2021"}, ">2021</tspan>"},
		{picture.Event{Label: "x", Since: "2021-03"}, ">Mar 2021</tspan>"},
		{picture.Event{Label: "x", Since: "2021-03-04"}, ">4 Mar 2021</tspan>"},
		{picture.Event{Label: "x", Since: "2019", Until: "2021-03"}, ">2019 to Mar 2021</tspan>"},
		{picture.Event{Label: "x", Until: "2021-03"}, ">until Mar 2021</tspan>"},
		{picture.Event{Label: "x", Since: "2021-03", Ongoing: true}, ">since Mar 2021</tspan>"},
	} {
		if svg := drawEvent(tt.event); !strings.Contains(svg, tt.want) {
			t.Errorf("%+v: has no %s", tt.event, tt.want)
		}
	}
}

func TestBadInputIsRefused(t *testing.T) {
	t.Parallel()
	a := picture.Node{ID: "a"}
	many := make([]picture.Event, picture.MaxEvents+1)
	for name, d := range map[string]drawing{
		"TwoNodesWithOneID":  picture.Network{Nodes: []picture.Node{a, a}},
		"EdgeToNowhere":      picture.Network{Nodes: []picture.Node{a}, Edges: []picture.Edge{{From: "a", To: "b"}}},
		"UnknownConfidence":  picture.Network{Nodes: []picture.Node{a}, Edges: []picture.Edge{{From: "a", To: "a", Confidence: "SURE"}}},
		"TooManyNodes":       randomNetwork(picture.MaxNodes+1, 0, 1),
		"TooManyEdges":       randomNetwork(5, picture.MaxEdges+1, 1),
		"StakeToNowhere":     picture.Ownership{Nodes: []picture.Node{a}, Stakes: []picture.Stake{{Owner: "a", Owned: "b"}}},
		"ShareOutOfRange":    picture.Ownership{Nodes: []picture.Node{a}, Stakes: []picture.Stake{{Owner: "a", Owned: "a", Max: domain.FullShare + 1}}},
		"ShareUpsideDown":    picture.Ownership{Nodes: []picture.Node{a}, Stakes: []picture.Stake{{Owner: "a", Owned: "a", Min: 2, Max: 1}}},
		"UnknownOutcome":     picture.Ownership{Verdict: picture.Verdict{Outcome: "FINE", Text: "x"}},
		"NoDate":             picture.Timeline{Events: []picture.Event{{Since: "2021-13"}}},
		"EndBeforeBegin":     picture.Timeline{Events: []picture.Event{{Since: "2021-03", Until: "2020"}}},
		"NoDateOfTheLine":    picture.Timeline{Events: []picture.Event{{Since: "2021"}}, AsOf: "today"},
		"TooManyEvents":      picture.Timeline{Events: many},
		"UnknownUnit":        picture.Activity{Unit: "YEAR"},
		"CountsWithoutGroup": picture.Activity{Unit: picture.Day, Bins: []picture.Bin{{From: "2021-01-01", Counts: []int{1}}}},
		"NegativeCount":      picture.Activity{Unit: picture.Day, Groups: []string{"a"}, Bins: []picture.Bin{{From: "2021-01-01", Counts: []int{-1}}}},
		"MonthForADay":       picture.Activity{Unit: picture.Day, Bins: []picture.Bin{{From: "2021-01"}}},
		"MiddleOfAMonth":     picture.Activity{Unit: picture.Month, Bins: []picture.Bin{{From: "2021-01-02"}}},
		"WeeksThatDoNotFit":  picture.Activity{Unit: picture.Week, Bins: []picture.Bin{{From: "2021-01-04"}, {From: "2021-01-12"}}},
		"OneDayTwice":        picture.Activity{Unit: picture.Day, Groups: []string{"a"}, Bins: []picture.Bin{{From: "2021-01-01", Counts: []int{1}}, {From: "2021-01-01", Counts: []int{1}}}},
		"TooManyBins":        picture.Activity{Unit: picture.Day, Bins: []picture.Bin{{From: "2001-01-01"}, {From: "2021-01-01"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if svg, err := d.SVG(t.Context()); !errors.Is(err, &domain.Error{Kind: domain.KindInvalid}) || svg != nil {
				t.Errorf("got %d bytes and %v, want none and an error of KindInvalid", len(svg), err)
			}
		})
	}
}

func TestNothingToShow(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]drawing{
		"Network": picture.Network{}, "Ownership": picture.Ownership{}, "Timeline": picture.Timeline{}, "Activity": picture.Activity{Unit: picture.Day},
		"OneNode": picture.Network{Nodes: []picture.Node{{ID: "a"}}}, "OneHolding": picture.Ownership{Nodes: []picture.Node{{ID: "a", Label: "a"}}},
		"OneDay": picture.Timeline{Events: []picture.Event{{Since: "2021-01-01"}}}, "OneBin": picture.Activity{Unit: picture.Week, Groups: []string{"a"}, Bins: []picture.Bin{{From: "2021-01-01", Counts: []int{0}}}},
		"OnlyUndated": picture.Timeline{Events: []picture.Event{{Label: "a"}}}, "YearZero": picture.Timeline{Events: []picture.Event{{Since: "0000"}, {Since: "9999-12-31", Label: "b"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if svg := draw(t, d); strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
				t.Errorf("has a place that is no number:\n%s", svg)
			}
		})
	}
}

func TestEndedContextStopsTheWork(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, d := range map[string]drawing{"Network": bookNetwork(), "Ownership": wideOwnership(40, 70), "Timeline": smallTimeline(), "Activity": smallActivity()} {
		if _, err := d.SVG(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want %v", name, err, context.Canceled)
		}
	}
}

// The width and height of a picture, in pixels.
func size(t *testing.T, svg string) (w, h int) {
	t.Helper()
	_, rest, _ := strings.Cut(svg, `viewBox="0 0 `)
	if _, err := fmt.Sscanf(rest, "%d %d", &w, &h); err != nil {
		t.Fatal(err)
	}
	return w, h
}

func TestLongShapesFitOnAPage(t *testing.T) {
	t.Parallel()
	for name, n := range map[string]picture.Network{"Chain": chain(40), "Star": star(24), "Single": randomNetwork(60, 0, 1)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if w, h := size(t, draw(t, n)); w > 3*h || h > 3*w {
				t.Errorf("got %d by %d pixels, want no side over three times the other", w, h)
			}
		})
	}
}

func TestEdgesBetweenTheSameNodes(t *testing.T) {
	t.Parallel()
	n := picture.Network{
		Nodes: []picture.Node{{ID: "a", Label: "Osprey"}, {ID: "b", Label: "Tern"}},
		Edges: []picture.Edge{{From: "a", To: "b", Kind: "OWNS"}, {From: "a", To: "b", Kind: "FUNDS"}, {From: "a", To: "b", Kind: "OWNS"},
			{From: "b", To: "a", Kind: "SUPPLIES"}, {From: "a", To: "b", Kind: "CONTROLS", Confidence: "POSSIBLE"}},
	}
	svg := draw(t, n)
	if !strings.Contains(svg, ">owns, funds</text>") {
		t.Errorf("edges that look the same have no words in common:\n%s", svg)
	}
	lines := map[string]bool{}
	for _, part := range strings.Split(svg, `<path d="M`)[1:] {
		if d, _, _ := strings.Cut(part, `"`); strings.Contains(part, "stroke-width") && strings.ContainsAny(d, "LQ") && !strings.Contains(d, "Z") {
			lines[d] = true
		}
	}
	if len(lines) != 3 {
		t.Errorf("got %d lines, want 3 apart from each other: %v", len(lines), lines)
	}
}

func TestLinksThatAreNotSafeAreLeftOut(t *testing.T) {
	t.Parallel()
	n := smallNetwork()
	n.Nodes[0].Link = "javascript:alert(1)"
	n.Nodes[1].Link = `https://example.org/"onload="x`
	svg := draw(t, n)
	if strings.Contains(svg, "javascript") || strings.Contains(svg, `"onload`) {
		t.Errorf("has a link that is not safe:\n%s", svg)
	}
	if !strings.Contains(draw(t, smallNetwork()), `href="https://example.org/office?a=1&amp;b=2"`) {
		t.Error("has no link of a node that has a safe one")
	}
}

func TestUnplacedWordsAreCounted(t *testing.T) {
	t.Parallel()
	if svg := draw(t, randomNetwork(40, 400, 9)); !strings.Contains(svg, "There was no room for the words beside ") {
		t.Error("says nothing of the words that have no place")
	}
}

func TestParseTheme(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]picture.Theme{"": picture.Light, "light": picture.Light, "dark": picture.Dark} {
		if got, err := picture.ParseTheme(name); got != want || err != nil {
			t.Errorf("%q: got %v and %v, want %v", name, got, err, want)
		}
	}
	if _, err := picture.ParseTheme("sepia"); !errors.Is(err, &domain.Error{Kind: domain.KindInvalid}) {
		t.Errorf("sepia: got %v, want an error of KindInvalid", err)
	}
}

// FuzzTexts checks that pictures are documents of XML, whatever their texts are.
func FuzzTexts(f *testing.F) {
	for _, s := range []string{"", "a<b>&\"'", "]]>", "\x00\x1f", "\xff\xfe", "\ufffe", "國。、\u202e", "👩\u200d🚀", "\u202a\u202e", "--><script>alert(1)</script>", "\u00a0\u3000", strings.Repeat("ﷺ﷽", 30)} {
		f.Add(s, s, "/a")
	}
	f.Add("a", "b", "javascript:alert(1)")
	f.Add("a", "b", "https://example.org/\"><x")
	f.Fuzz(func(t *testing.T, label, other, link string) {
		frame := picture.Frame{Title: label, Subtitle: other, Note: label, Lang: other}
		node := picture.Node{ID: label, Label: label, Lang: other, Kind: other, Link: link, Listed: true}
		for _, d := range []drawing{
			picture.Network{Frame: frame, Nodes: []picture.Node{node}, Edges: []picture.Edge{{From: label, To: label, Kind: other, Label: label, Link: link}}},
			picture.Ownership{Frame: frame, Nodes: []picture.Node{node}, Stakes: []picture.Stake{{Owner: label, Owned: label, Link: link}}, Verdict: picture.Verdict{Text: label, Detail: other}},
			picture.Timeline{Frame: frame, Events: []picture.Event{{Label: label, Lang: other, Lane: other, Since: "2021", Link: link}, {Label: other}}},
			picture.Activity{Frame: frame, Unit: picture.Day, Groups: []string{label, other}, Bins: []picture.Bin{{From: "2021-01-01", Counts: []int{1, 2}}}, Noun: label},
		} {
			svg := draw(t, d)
			if strings.Contains(svg, "<script") || strings.Contains(svg, `href="java`) {
				t.Errorf("has what it must not have:\n%s", svg)
			}
		}
	})
}

func BenchmarkNetwork(b *testing.B) {
	for name, n := range map[string]picture.Network{"30Nodes41Edges": bookNetwork(), "150Nodes600Edges": randomNetwork(150, 600, 5), "Star60": star(60)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				drawOnce(b, n)
			}
		})
	}
}

func BenchmarkOwnership(b *testing.B) {
	for name, o := range map[string]picture.Ownership{"30Nodes45Stakes": wideOwnership(30, 45), "150Nodes600Stakes": wideOwnership(150, 600)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				drawOnce(b, o)
			}
		})
	}
}

func BenchmarkTimeline(b *testing.B) {
	t := smallTimeline()
	r := rand.New(rand.NewPCG(1, 2))
	for len(t.Events) < picture.MaxEvents {
		t.Events = append(t.Events, picture.Event{Label: "Harborlight Mining buys a share", Lane: "Ownership", Since: dayAfter("2014-01-01", r.IntN(4000))})
	}
	for b.Loop() {
		drawOnce(b, t)
	}
}

func BenchmarkActivity(b *testing.B) {
	a := longActivity(picture.MaxBins)
	for b.Loop() {
		drawOnce(b, a)
	}
}

func drawOnce(b *testing.B, d drawing) {
	if _, err := d.SVG(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// A stake that may count has a line of its own, which the legend shows.
func TestStakesThatMayCount(t *testing.T) {
	t.Parallel()
	o := smallOwnership()
	if svg := draw(t, o); !strings.Contains(svg, ">may count for the verdict</text>") {
		t.Errorf("the legend does not say what may count")
	}
	for i := range o.Stakes {
		o.Stakes[i].MayCount = false
	}
	if svg := draw(t, o); strings.Contains(svg, "may count") || strings.Contains(svg, "double line") {
		t.Errorf("nothing may count, and the chart says so")
	}
}

// Groups have one order in the legend, the bars and all texts: by their totals, and what is not known last.
func TestOrderOfGroups(t *testing.T) {
	t.Parallel()
	svg := draw(t, picture.Activity{Unit: picture.Month, Groups: []string{"", "Few", "Many", "As few"}, Bins: []picture.Bin{
		{From: "2020-01-01", Counts: []int{9, 1, 0, 1}}, {From: "2020-02-01", Counts: []int{1, 1, 5, 1}}}})
	for _, want := range []string{"– Many: 5\n– As few: 2\n– Few: 2\n– not known: 10", "Jan 2020: 11 (As few 1, Few 1, not known 9)", "Feb 2020: 8 (Many 5, As few 1, Few 1, not known 1)"} {
		if !strings.Contains(svg, want) {
			t.Errorf("has no %q: %s", want, svg)
		}
	}
	at := -1
	for _, key := range []string{">Many: 5<", ">As few: 2<", ">Few: 2<", ">not known: 10<"} {
		next := strings.Index(svg, key)
		if next < at || next < 0 {
			t.Errorf("the legend has %q not in its place", key)
		}
		at = next
	}
}

// The last mark of an axis has its words.
func TestLastTickHasALabel(t *testing.T) {
	t.Parallel()
	for months := 2; months <= 60; months++ {
		a := picture.Activity{Unit: picture.Month, Groups: []string{"Board"}}
		for m := range months {
			a.Bins = append(a.Bins, picture.Bin{From: domain.Date(time.Date(2020, time.Month(m+1), 1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)), Counts: []int{1}})
		}
		svg := draw(t, a)
		marks := strings.Split(svg, "v5\"")
		last := marks[len(marks)-2][strings.LastIndex(marks[len(marks)-2], "M")+1:]
		x, _, _ := strings.Cut(last, " ")
		at, err := strconv.ParseFloat(x, 64)
		if err != nil {
			t.Fatal(err)
		}
		texts := regexp.MustCompile(`<text x="([0-9.]+)"[^>]*text-anchor="middle"[^>]*>[^<]*20\d\d</text>`).FindAllStringSubmatch(svg, -1)
		if len(texts) == 0 {
			t.Fatalf("%d months: no labels", months)
		}
		if label, _ := strconv.ParseFloat(texts[len(texts)-1][1], 64); math.Abs(label-at) > 40 {
			t.Errorf("%d months: the last label is at %v, the last mark at %v", months, label, at)
		}
	}
}

// What would press all other events together stands below the axis.
func TestTimelineWithDatesFarAway(t *testing.T) {
	t.Parallel()
	tl := picture.Timeline{}
	for i, year := range []string{"2019", "2020", "2021-05", "2022", "2023", "2024", "2025-01-02", "2026"} {
		tl.Events = append(tl.Events, picture.Event{Label: fmt.Sprintf("near %d", i), Since: domain.Date(year)})
	}
	near := draw(t, tl)
	tl.Events = append(tl.Events, picture.Event{Label: "far", Since: "9999"}, picture.Event{Label: "old", Since: "1100"})
	svg := draw(t, tl)
	if strings.Contains(near, "Too far") || !strings.Contains(svg, ">Too far from the others to be on the axis: 1100: old; 9999: far</text>") {
		t.Errorf("what is far away is not below the axis: %s", svg)
	}
	for _, year := range []string{">2019<", ">2025<"} {
		if !strings.Contains(svg, year) {
			t.Errorf("the axis has no mark %s", year)
		}
	}
	// A time of some decades is on the axis as it is.
	tl.Events = append(tl.Events[:8:8], picture.Event{Label: "law", Since: "1979"})
	if svg := draw(t, tl); strings.Contains(svg, "Too far") {
		t.Errorf("a law of 1979 is not on the axis: %s", svg)
	}
}
