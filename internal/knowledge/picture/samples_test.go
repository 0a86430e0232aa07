package picture_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge/picture"
)

// Every name here is invented.

const percent = domain.Share(1_000_000)

func smallNetwork() picture.Network {
	return picture.Network{
		Frame: picture.Frame{Title: "Harborlight Mining and its neighbours", Subtitle: "Entities one step away, as published on 29 November 2026", Note: "86 more are not shown."},
		Nodes: []picture.Node{
			{ID: "a", Label: "Harborlight Mining", Kind: "COMPANY", Link: "/entities/harborlight", Focus: true, Hidden: 86},
			{ID: "b", Label: "Concordat Sanctions Office", Kind: "PUBLIC_BODY", Link: "https://example.org/office?a=1&b=2"},
			{ID: "c", Label: "Meridian Heavy Industries Group Corporation Limited", Kind: "COMPANY", Listed: true, Hidden: 12},
			{ID: "d", Label: "Ada Quillfeather", Kind: "PERSON"},
			{ID: "e", Label: "Saltmarsh Corridor", Kind: "PROJECT"},
		},
		Edges: []picture.Edge{
			{From: "c", To: "a", Kind: "OWNS", Label: "owns 60 %"},
			{From: "d", To: "a", Kind: "DIRECTOR_OF", Confidence: "PROBABLE", Since: "2019"},
			{From: "d", To: "c", Kind: "OFFICER_OF", Confidence: "POSSIBLE", Ended: true, Until: "2021-05"},
			{From: "a", To: "e", Kind: "FUNDS"},
			{From: "a", To: "e", Kind: "PARTNER_OF", Mutual: true},
			{From: "c", To: "c", Kind: "RELATED_TO", Label: "owns itself"},
			{From: "b", To: "c", Label: "lists"},
		},
	}
}

// bookNetwork has 30 nodes in several scripts.
func bookNetwork() picture.Network {
	labels := []struct{ text, lang, kind string }{
		{"Harborlight Mining", "en", "COMPANY"},
		{"晨光矿业投资集团有限公司", "zh-Hans", "COMPANY"},
		{"国家远洋安全协调办公室", "zh-Hans", "PUBLIC_BODY"},
		{"株式会社あけぼの海運ホールディングス、東京支社", "ja", "COMPANY"},
		{"새벽빛 해운 주식회사", "ko", "COMPANY"},
		{"Северный Маяк Горнодобывающая Компания", "ru", "COMPANY"},
		{"Μεταλλεία Φάρου Α.Ε.", "el", "COMPANY"},
		{"شركة فنار الشمال للتعدين", "ar", "COMPANY"},
		{"Ada Quillfeather", "en", "PERSON"},
		{"王曙光", "zh-Hans", "PERSON"},
		{"Иван Маяковцев", "ru", "PERSON"},
		{"灯台 守", "ja", "PERSON"},
		{"Republic of Saltmarsh", "en", "COUNTRY"},
		{"Port Verity", "en", "PLACE"},
		{"Holistic Harbours Act 2014", "en", "LEGAL_INSTRUMENT"},
		{"Saltmarsh Corridor railway", "en", "PROJECT"},
		{"Chirrup", "en", "PLATFORM"},
		{"Lantern Summit 2023", "en", "EVENT"},
		{"Quayside Pension Trustees (No. 2) Limited Partnership", "en", "ORGANIZATION"},
		{"Concordat Sanctions Office", "en", "PUBLIC_BODY"},
		{"Donaulicht Versicherungsaktiengesellschaft", "de", "COMPANY"},
		{"Meridian Heavy Industries", "en", "COMPANY"},
		{"Meridian Heavy Industries (Hong Kong) Holdings", "en", "COMPANY"},
		{"Meridian Copper", "en", "COMPANY"},
		{"Bluewater Nickel SA", "fr", "COMPANY"},
		{"Lighthouse Keepers' Union", "en", "ORGANIZATION"},
		{"Osprey Freight", "en", "COMPANY"},
		{"Tern & Plover Advisers LLP", "en", "COMPANY"},
		{"Halcyon Data", "en", "COMPANY"},
		{"Kittiwake Bank", "en", "COMPANY"},
	}
	n := picture.Network{Frame: picture.Frame{Title: "Who is tied to whom around Harborlight Mining", Subtitle: "Ties that cite a source; 29 November 2026"}}
	for i, l := range labels {
		n.Nodes = append(n.Nodes, picture.Node{ID: fmt.Sprint(i), Label: l.text, Lang: l.lang, Kind: l.kind, Link: fmt.Sprint("/entities/", i), Focus: i == 0, Listed: i == 1 || i == 21, Hidden: i % 5 / 4 * i})
	}
	kinds := []string{"OWNS", "DIRECTOR_OF", "SUPPLIES", "FUNDS", "PARTNER_OF", "LOCATED_IN", "JOINT_VENTURE_WITH"}
	r := rand.New(rand.NewPCG(4, 2))
	for i := 1; i < len(labels); i++ {
		to := r.IntN(min(i, 9))
		n.Edges = append(n.Edges, picture.Edge{From: fmt.Sprint(i), To: fmt.Sprint(to), Kind: kinds[i%len(kinds)], Confidence: domain.Confidences[i%7%3], Ended: i%9 == 5, Mutual: i%7 == 4})
	}
	for range 12 {
		n.Edges = append(n.Edges, picture.Edge{From: fmt.Sprint(r.IntN(30)), To: fmt.Sprint(r.IntN(30)), Kind: kinds[r.IntN(7)]})
	}
	return n
}

// randomNetwork has ties that are drawn by a seed.
func randomNetwork(nodes, edges int, seed uint64) picture.Network {
	r := rand.New(rand.NewPCG(seed, 1))
	n := picture.Network{Frame: picture.Frame{Title: fmt.Sprintf("%d entities and %d ties", nodes, edges)}}
	words := []string{"Harbor", "Light", "Meridian", "Osprey", "Mining", "矿业", "集团", "Holdings", "Северный", "海運", "Trustees", "Bank"}
	for i := range nodes {
		label := words[r.IntN(len(words))]
		for range r.IntN(4) {
			label += " " + words[r.IntN(len(words))]
		}
		n.Nodes = append(n.Nodes, picture.Node{ID: fmt.Sprint(i), Label: label, Kind: domain.EntityKinds[r.IntN(len(domain.EntityKinds))], Listed: r.IntN(12) == 0})
	}
	for i := range edges {
		from, to := r.IntN(nodes), r.IntN(nodes)
		if i < nodes-1 { // first a tree
			from, to = i+1, r.IntN(i+1)
		}
		n.Edges = append(n.Edges, picture.Edge{From: fmt.Sprint(from), To: fmt.Sprint(to), Kind: domain.RelationshipKinds[r.IntN(len(domain.RelationshipKinds))], Confidence: domain.Confidences[r.IntN(3)]})
	}
	return n
}

func star(leaves int) picture.Network {
	n := picture.Network{Frame: picture.Frame{Title: fmt.Sprintf("A star with %d leaves", leaves)}}
	n.Nodes = append(n.Nodes, picture.Node{ID: "0", Label: "Meridian Heavy Industries", Kind: "COMPANY", Focus: true, Listed: true})
	for i := 1; i <= leaves; i++ {
		n.Nodes = append(n.Nodes, picture.Node{ID: fmt.Sprint(i), Label: fmt.Sprintf("Meridian Branch %d (Port Verity)", i), Kind: "COMPANY"})
		n.Edges = append(n.Edges, picture.Edge{From: "0", To: fmt.Sprint(i), Kind: "OWNS", Label: fmt.Sprintf("%d %%", 20+i)})
	}
	return n
}

func chain(length int) picture.Network {
	n := picture.Network{Frame: picture.Frame{Title: fmt.Sprintf("A chain of %d", length)}}
	for i := range length {
		n.Nodes = append(n.Nodes, picture.Node{ID: fmt.Sprint(i), Label: fmt.Sprintf("Holding number %d of the Harborlight group", i), Kind: "COMPANY"})
		if i > 0 {
			n.Edges = append(n.Edges, picture.Edge{From: fmt.Sprint(i - 1), To: fmt.Sprint(i), Kind: "OWNS", Label: "owns 51 %"})
		}
	}
	return n
}

// apart has a component of many nodes, one of a few, and single nodes.
func apart() picture.Network {
	n := randomNetwork(14, 18, 3)
	n.Title = "Parts without a tie between them"
	for i, e := range randomNetwork(6, 6, 4).Edges {
		e.From, e.To = "x"+e.From, "x"+e.To
		n.Edges = append(n.Edges, e)
		n.Nodes = append(n.Nodes, picture.Node{ID: fmt.Sprint("x", i), Label: fmt.Sprintf("Kittiwake %d", i), Kind: "ORGANIZATION"})
	}
	for i := range 5 {
		n.Nodes = append(n.Nodes, picture.Node{ID: fmt.Sprint("y", i), Label: fmt.Sprintf("Lonely rock %d", i), Kind: "PLACE"})
	}
	return n
}

func smallOwnership() picture.Ownership {
	return picture.Ownership{
		Frame: picture.Frame{Title: "Who owns Harborlight Mining", Subtitle: "Stakes as of 29 November 2026"},
		Nodes: []picture.Node{
			{ID: "a", Label: "Meridian Heavy Industries", Kind: "COMPANY", Listed: true},
			{ID: "b", Label: "晨光投资集团有限公司", Lang: "zh-Hans", Kind: "COMPANY", Listed: true},
			{ID: "c", Label: "Osprey Holdings", Kind: "COMPANY"},
			{ID: "d", Label: "Ada Quillfeather", Kind: "PERSON"},
			{ID: "e", Label: "Harborlight Mining", Kind: "COMPANY", Focus: true},
			{ID: "f", Label: "Quayside Pension Trustees", Kind: "ORGANIZATION"},
			{ID: "g", Label: "Saltmarsh Copper", Kind: "COMPANY", Hidden: 3},
		},
		Stakes: []picture.Stake{
			{Owner: "a", Owned: "c", Min: 60 * percent, Max: 60 * percent, Counts: true},
			{Owner: "b", Owned: "e", Min: 25 * percent, Max: 50 * percent, Counts: true, Confidence: "PROBABLE"},
			{Owner: "c", Owned: "e", Min: 30 * percent, Max: 30 * percent, Counts: true},
			{Owner: "d", Owned: "c", Min: 40 * percent, Max: 40 * percent, Ended: true, Until: "2021"},
			{Owner: "f", Owned: "e", Max: domain.FullShare, MayCount: true},
			{Owner: "e", Owned: "g", Min: 33_400_000, Max: 33_400_000},
			{Owner: "g", Owned: "c", Max: 5 * percent, Confidence: "POSSIBLE"},
			{Owner: "e", Owned: "e", Min: 2 * percent, Max: 2 * percent},
		},
		Verdict: picture.Verdict{Outcome: picture.Blocked, Text: "Reached through its owners: listed owners hold 55 to 80 % of Harborlight Mining.", Detail: "Rule: 50 percent or more in the aggregate, directly or through owners that are themselves reached. This is not legal advice."},
	}
}

func wideOwnership(nodes, stakes int) picture.Ownership {
	n := randomNetwork(nodes, stakes, 7)
	o := picture.Ownership{Frame: n.Frame, Nodes: n.Nodes, Verdict: picture.Verdict{Outcome: picture.Undetermined, Text: "Not determined: three stakes decide.", Detail: "Their shares are not known."}}
	for i, e := range n.Edges {
		s := picture.Stake{Owner: e.From, Owned: e.To, Min: domain.Share(i%80) * percent, Max: domain.Share(i%80+i%3*10) * percent, Confidence: e.Confidence, Counts: i%6 == 0}
		if i%7 == 3 {
			s.Min, s.Max = 0, domain.FullShare
		}
		o.Stakes = append(o.Stakes, s)
	}
	return o
}

func smallTimeline() picture.Timeline {
	return picture.Timeline{
		Frame: picture.Frame{Title: "The Holistic Harbours Act and what followed", Subtitle: "Dates have the precision that the sources give", Note: "Source: the publisher's own records."},
		AsOf:  "2026-11-29",
		Events: []picture.Event{
			{Label: "Holistic Harbours Act adopted", Lane: "Law", Since: "2014-11-01", Focus: true, Link: "/events/act"},
			{Label: "Implementing rules", Lane: "Law", Since: "2017-11"},
			{Label: "安全防范规定生效", Lang: "zh-Hans", Lane: "Law", Since: "2021"},
			{Label: "Act revised: a wider idea of security", Lane: "Law", Since: "2023-04-26", Focus: true},
			{Label: "Act in force as revised", Lane: "Law", Since: "2023-07-01", Ongoing: true},
			{Label: "Harborlight Mining held by Meridian Heavy Industries", Lane: "Ownership", Since: "2015", Until: "2019-06-30"},
			{Label: "Osprey Holdings", Lane: "Ownership", Since: "2019-06-30", Ongoing: true},
			{Label: "Joint venture with 晨光矿业", Lane: "Ownership", Until: "2018-03"},
			{Label: "Meridian listed", Lane: "Sanctions", Since: "2021-01-14"},
			{Label: "Delisted and listed again within days", Lane: "Sanctions", Since: "2021-01-18"},
			{Label: "Licence for winding down", Lane: "Sanctions", Since: "2021-01", Until: "2021-11"},
			{Label: "A meeting of which the date is not known", Lane: "Sanctions"},
		},
	}
}

func smallActivity() picture.Activity {
	a := picture.Activity{
		Frame: picture.Frame{Title: "Observations of the narrative “the harbour is unsafe”", Subtitle: "By month and platform; only what was recorded"},
		Unit:  picture.Month, Groups: []string{"Chirrup", "微潮", "Forumhaus", "not known"}, Noun: "observations",
	}
	for i, n := range []int{2, 5, 0, 9, 14, 31, 24, 12, 0, 4, 7, 3} {
		if n > 0 {
			a.Bins = append(a.Bins, picture.Bin{From: domain.Date(fmt.Sprintf("2025-%02d", i+1)), Counts: []int{n, n / 2, n % 5, n % 2}})
		}
	}
	return a
}

// longActivity has more groups than there are fills, over many weeks.
func longActivity(weeks int) picture.Activity {
	a := picture.Activity{Frame: picture.Frame{Title: "Weekly observations by platform"}, Unit: picture.Week, Noun: "observations"}
	for g := range 9 {
		a.Groups = append(a.Groups, fmt.Sprintf("Platform %c", 'A'+g))
	}
	r := rand.New(rand.NewPCG(1, 1))
	for w := range weeks {
		counts := make([]int, 9)
		for g := range counts {
			counts[g] = r.IntN(60 / (g + 1))
		}
		day := dayAfter("2022-01-03", 7*w)
		a.Bins = append(a.Bins, picture.Bin{From: day, Counts: counts})
	}
	return a
}
