package dataset

import (
	"slices"
	"strings"
)

var adjectives = strings.Fields(`Amber Ancient Arctic Autumn Blue Bright Broad Calm Central Clear Coastal Cold Common
	Crimson Deep Distant Dry Eastern Even Far Fast Final Foreign Formal Fresh Golden Grand Great Green Grey Harbour
	High Hollow Inner Iron Joint Lasting Late Local Long Lower Marine Modern Narrow New Northern Old Open Outer Plain
	Prime Quiet Rapid Red Remote Round Royal Rural Second Silent Silver Slow Small Southern Stone Swift Tall Upper
	Urban Vast Western White Wide Winter Young`)

var nouns = strings.Fields(`Agency Alliance Anchor Archive Bank Basin Bay Bridge Canal Capital Centre Chain Channel
	Charter Circle Coast Company Council Court Crane Delta Dock Engine Exchange Factory Field Fleet Forum Foundry
	Freight Fund Gate Group Harbour Holding House Institute Island Junction Lake League Ledger Line Market Mill Mine
	Mission Network Office Park Path Pier Pipeline Plant Point Port Press Quay Rail Register Ridge River Road School
	Ship Shore Signal Station Stream Supply Terminal Tower Trade Trust Union Valley Vessel Works Yard`)

// RareWords returns words that a few of a hundred reports have, in their titles.
func RareWords() []string {
	return slices.DeleteFunc(slices.Clone(adjectives), func(w string) bool { return len(w) < 5 || ambiguous[w] })
}

// CommonWords returns words that about a fifth of the reports have, most of them in their bodies.
func CommonWords() []string {
	return slices.DeleteFunc(slices.Clone(nouns), func(w string) bool { return len(w) < 5 || ambiguous[w] })
}

// ambiguous are words of which a search finds other words of the texts as well, in some language.
var ambiguous = map[string]bool{"Crane": true, "Office": true, "Outer": true, "Ship": true}

var publishers = []string{"Public Register", "Harbour Gazette", "Ministry of Trade", "Northern Times", "Court of Audit", "Company Filings"}

var countries = []string{"CH", "DE", "FR", "GB", "JP", "KR", "PL", "SE", "TW", "US"}

var subjects = []string{"The company", "The ministry", "The operator of the port", "A subsidiary", "The fund behind it",
	"The former director", "The register", "The court", "A supplier", "The new owner", "The committee", "The regulator"}

var verbs = []string{"bought a share of", "denied any interest in", "reported the sale of", "lent money to", "took over the management of",
	"published the accounts of", "asked for an audit of", "signed a contract with", "moved its seat to the address of", "is named in the files of"}

var objects = []string{"a terminal that it had used for years", "two firms that share one address", "the \"joint\" venture of 2019",
	"a shipping line with < 2% of the market", "the plant at the river & its storage", "a trust whose beneficiaries are not public",
	"an institute that advises the council", "a supplier of cranes and their software", "the carrier's holding in Zürich",
	"a school for officers – and its budget"}

var closings = []string{"which the filings of the same year confirm.", "and the notes to the accounts do not say why.",
	"although both sides had ruled that out in public.", "as three independent sources have it.",
	"but the share was passed on within a month.", "so that control changed without a vote."}

// sentences are all sentences that texts are made of. Some have characters that JSON
// or HTML escapes, or that are not ASCII.
var sentences = makeSentences()

func makeSentences() []string {
	all := make([]string, 0, len(subjects)*len(verbs)*len(objects)*len(closings)/4)
	n := 0
	for _, s := range subjects {
		for _, v := range verbs {
			for _, o := range objects {
				for _, c := range closings {
					// A part of them is enough.
					if n++; n%7 == 0 {
						all = append(all, s+" "+v+" "+o+", "+c)
					}
				}
			}
		}
	}
	return all
}
