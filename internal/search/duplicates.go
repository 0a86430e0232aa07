package search

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/search/names"
	"github.com/redthread-api/redthread/internal/store"
)

// DuplicatesParams say which pairs of documents of the desk are wanted.
type DuplicatesParams struct {
	Entities, Sources bool
	Least             float64 // the lowest score
	First             int     // how many pairs
	After             DuplicatePlace
}

// DuplicatePlace is a place in the list of pairs: behind a pair, or behind all pairs of First if Second is 0. The zero value is
// the beginning.
type DuplicatePlace struct{ First, Second domain.ID }

// Duplicate is a pair of documents that may be one: a newer and an older one.
type Duplicate struct {
	First, Second domain.ID
	Score         float64 // from 0 to 1
	For, Against  []DuplicateReason
}

// DuplicateReason is what tells that two documents are one, or that they are two.
type DuplicateReason struct {
	Kind   string // one of names.Reason, or of the constants below
	Detail string
}

// The reasons beside those of names.
const (
	SameIdentifier = "SAME_IDENTIFIER"
	SameHomepage   = "SAME_HOMEPAGE"
	SameCountry    = "SAME_COUNTRY"
	SameURL        = "SAME_URL"
	SameTitle      = "SAME_TITLE"

	OtherIdentifier = "OTHER_IDENTIFIER"
	OtherCountry    = "OTHER_COUNTRY"
	OtherKind       = "OTHER_KIND"
	Tied            = "RELATED"
)

// Duplicates is a page of pairs, the newest first documents first, then the newest second ones.
type Duplicates struct {
	Pairs []Duplicate
	// Next is where the page ends, and More whether another one follows. A page can have fewer pairs than were asked for, and be
	// followed by more.
	Next DuplicatePlace
	More bool
	// Complete is false if there were more sources or homepages than are compared.
	Complete bool
}

// The bounds of a page.
const (
	duplicateBatch   = 25      // entities that are looked at together
	duplicateBatches = 20      // of a page
	maxCompared      = 4_000   // pairs that are compared for a page, but for those of its last batch
	duplicateNames   = 20      // names of an entity that are looked for
	duplicateRows    = 200_000 // sources, and homepages
	sharedIDs        = 20_000  // pairs with an identifier in common
	commonHomepage   = 10      // entities with a homepage that then tells nothing
)

// What tells for and against a pair, beside what [names.Evidence.Weigh] does.
const (
	likeName        = 0.5  // names that score less tell nothing
	sameNumber      = 0.95 // the score of an identifier in common
	sameHomepage    = 0.7  // of what the score is short of 1
	otherNumber     = 0.25 // taken away: of a scheme in which nothing has two
	otherKind       = 0.2  // taken away: one is a person or a place, say, and the other is not
	knownRelated    = 0.1  // taken away: a relationship ties them, so somebody took them for two
	sameAddress     = 0.98 // of sources
	sameDescription = 0.9
)

// uniqueSchemes are the schemes in which nothing has two numbers.
var uniqueSchemes = map[string]bool{"LEI": true, "USCC": true, "CIK": true, "DUNS": true, "IMO": true, "WIKIDATA": true}

// Duplicates returns pairs of entities and of sources of the desk that may be one. The viewer of ctx must be staff.
func (x *Index) Duplicates(ctx context.Context, p DuplicatesParams) (*Duplicates, error) {
	ctx = domain.WithStage(ctx, domain.Desk)
	e, err := x.begin(ctx)
	if err != nil {
		return nil, err
	}
	d := &duplicates{evaluation: e, p: p, out: &Duplicates{Complete: true}, lists: map[string]list{}, shared: newTally(e.manifest.numbers)}
	var pairs []Duplicate
	var bound domain.ID // entities from here on were looked at
	if p.Entities {
		if pairs, bound, err = d.entityPairs(); err != nil {
			return nil, err
		}
	}
	if p.Sources {
		found, err := d.sourcePairs()
		if err != nil {
			return nil, err
		}
		for _, pair := range found {
			if pair.First >= bound {
				pairs = append(pairs, pair)
			}
		}
	}
	pairs = slices.DeleteFunc(pairs, func(pair Duplicate) bool { return pair.Score < p.Least || !p.After.before(&pair) })
	sort.Slice(pairs, func(i, j int) bool {
		a, b := &pairs[i], &pairs[j]
		return cmp.Or(cmp.Compare(b.First, a.First), cmp.Compare(b.Second, a.Second)) < 0
	})
	d.out.Pairs = pairs
	switch {
	case len(pairs) > p.First:
		d.out.Pairs, d.out.More = pairs[:p.First], true
		if d.out.Next = p.After; p.First > 0 {
			d.out.Next = DuplicatePlace{pairs[p.First-1].First, pairs[p.First-1].Second}
		}
	case bound > 0:
		d.out.Next, d.out.More = DuplicatePlace{First: bound}, true
	}
	return d.out, nil
}

// before reports whether a pair is behind the place.
func (p DuplicatePlace) before(pair *Duplicate) bool {
	return p.First == 0 || pair.First < p.First || pair.First == p.First && p.Second != 0 && pair.Second < p.Second
}

// duplicates is one read of a page.
type duplicates struct {
	*evaluation
	p      DuplicatesParams
	out    *Duplicates
	lists  map[string]list // by key of a name
	shared *tally
	// compares is how many pairs of entities were compared.
	compares int
}

// comparedEntity is what else is compared of an entity.
type comparedEntity struct {
	*matchEntity
	kind, homepage string
	looked         []names.Prepared // its names, as names that are looked for
}

// entityPairs returns pairs of entities, as many as are wanted and one more or as are found in as many entities and pairs as are looked at
// for a page; bound is the last of these entities if there are others, and 0 else.
func (d *duplicates) entityPairs() (pairs []Duplicate, bound domain.ID, err error) {
	homepages, err := d.homepages()
	if err != nil {
		return nil, 0, err
	}
	from := domain.ID(math.MaxInt64)
	if d.p.After.First != 0 {
		if from = d.p.After.First; d.p.After.Second == 0 {
			from--
		}
	}
	for range duplicateBatches {
		var ids []domain.ID
		err := d.db.read(d.ctx, "SELECT id FROM entities WHERE deleted_at IS NULL AND id <= ? ORDER BY id DESC LIMIT ?", 1, []any{int64(from), duplicateBatch + 1},
			func(n int64, _ []byte) error { ids = append(ids, domain.ID(n)); return nil })
		if err != nil {
			return nil, 0, err
		}
		more := len(ids) > duplicateBatch
		ids = ids[:min(len(ids), duplicateBatch)]
		if len(ids) == 0 {
			return pairs, 0, nil
		}
		found, err := d.among(ids, homepages)
		if err != nil {
			return nil, 0, err
		}
		for _, pair := range found {
			if pair.Score >= d.p.Least && d.p.After.before(&pair) {
				pairs = append(pairs, pair)
			}
		}
		last := ids[len(ids)-1]
		if !more {
			return pairs, 0, nil
		}
		if bound = last; len(pairs) > d.p.First || d.compares >= maxCompared {
			break
		}
		from = last - 1
	}
	return pairs, bound, nil
}

// among returns the pairs of entities with older ones.
func (d *duplicates) among(ids []domain.ID, homepages map[string][]domain.ID) ([]Duplicate, error) {
	wanted := map[domain.ID]bool{}
	for _, id := range ids {
		wanted[id] = true
	}
	newer, err := d.compared(wanted)
	if err != nil {
		return nil, err
	}
	type pair struct{ first, second domain.ID }
	candidates := map[pair]bool{}
	add := func(first, second domain.ID) {
		if second < first {
			candidates[pair{first, second}] = true
			wanted[second] = true
		}
	}
	for _, id := range ids {
		entity := newer[id]
		if entity == nil {
			continue // it went into the trash
		}
		for _, n := range entity.names[:min(len(entity.names), duplicateNames)] {
			found, err := d.candidates(n.Name.Text, nil, d.lists, d.shared)
			if err != nil {
				return nil, err
			}
			for _, other := range found {
				add(id, other)
			}
		}
		if same := homepages[plainURL(entity.homepage)]; len(same) <= commonHomepage {
			for _, other := range same {
				add(id, other)
			}
		}
	}
	engine := d.db.dialect()
	set := store.IDSet(engine, ids)
	err = d.db.readTexts(d.ctx, "SELECT a.entity_id, CAST(b.entity_id AS TEXT) FROM entity_identifiers a JOIN entity_identifiers b ON b.scheme = a.scheme AND b.value = a.value"+
		" JOIN entities e ON e.id = b.entity_id WHERE a.entity_id"+store.InSet(engine)+" AND b.entity_id < a.entity_id AND e.deleted_at IS NULL ORDER BY a.entity_id, b.entity_id LIMIT ?",
		2, []any{set, sharedIDs}, func(id int64, texts []string) error {
			other, err := strconv.ParseInt(texts[0], 10, 64)
			add(domain.ID(id), domain.ID(other))
			return err
		})
	if err != nil {
		return nil, err
	}
	all, err := d.compared(wanted)
	if err != nil {
		return nil, err
	}
	var pairs []Duplicate
	for c := range candidates {
		a, b := all[c.first], all[c.second]
		if a == nil || b == nil {
			continue
		}
		d.compares++
		if found := compareEntities(a, b); found.Score >= d.p.Least {
			found.First, found.Second = c.first, c.second
			pairs = append(pairs, found)
		}
	}
	return pairs, d.relate(pairs)
}

// compared reads entities, also what [evaluation.entities] does not.
func (d *duplicates) compared(wanted map[domain.ID]bool) (map[domain.ID]*comparedEntity, error) {
	entities, err := d.entities(wanted)
	if err != nil {
		return nil, err
	}
	var ids []domain.ID
	for id := range entities {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	all := make(map[domain.ID]*comparedEntity, len(ids))
	engine := d.db.dialect()
	return all, d.db.readTexts(d.ctx, "SELECT id, kind, homepage FROM entities WHERE id"+store.InSet(engine)+" AND deleted_at IS NULL", 3, []any{store.IDSet(engine, ids)},
		func(id int64, texts []string) error {
			all[domain.ID(id)] = &comparedEntity{matchEntity: entities[domain.ID(id)], kind: texts[0], homepage: texts[1]}
			return nil
		})
}

// homepages returns the entities with a homepage, by that.
func (d *duplicates) homepages() (map[string][]domain.ID, error) {
	all := map[string][]domain.ID{}
	n := 0
	return all, d.db.readTexts(d.ctx, "SELECT id, homepage FROM entities WHERE deleted_at IS NULL AND homepage <> '' ORDER BY id LIMIT ?", 2, []any{duplicateRows + 1},
		func(id int64, texts []string) error {
			if n++; n > duplicateRows {
				d.out.Complete = false
			} else if plain := plainURL(texts[0]); plain != "" {
				all[plain] = append(all[plain], domain.ID(id))
			}
			return nil
		})
}

// relate adds to pairs of entities that a relationship ties them.
func (d *duplicates) relate(pairs []Duplicate) error {
	if len(pairs) == 0 {
		return nil
	}
	var ids []domain.ID
	for _, p := range pairs {
		ids = append(ids, p.First, p.Second)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	type pair struct{ first, second domain.ID }
	kinds := map[pair]string{}
	engine := d.db.dialect()
	set := store.IDSet(engine, ids)
	err := d.db.readTexts(d.ctx, "SELECT from_id, CAST(to_id AS TEXT), kind FROM relationships WHERE from_id"+store.InSet(engine)+" AND (to_id + 0)"+store.InSet(engine)+
		" AND deleted_at IS NULL ORDER BY id LIMIT ?", 3, []any{set, set, sharedIDs}, func(from int64, texts []string) error {
		to, err := strconv.ParseInt(texts[0], 10, 64)
		of := pair{max(domain.ID(from), domain.ID(to)), min(domain.ID(from), domain.ID(to))}
		if kinds[of] == "" {
			kinds[of] = texts[1]
		}
		return err
	})
	for i := range pairs {
		p := &pairs[i]
		if kind := kinds[pair{p.First, p.Second}]; kind != "" {
			p.Against = append(p.Against, DuplicateReason{Tied, kind})
			p.Score = rounded(p.Score - knownRelated)
		}
	}
	return err
}

// compareEntities returns what tells for and against two entities being one.
func compareEntities(a, b *comparedEntity) Duplicate {
	var best names.Match
	var of names.Name
	if a.looked == nil {
		for _, n := range a.names[:min(len(a.names), duplicateNames)] {
			a.looked = append(a.looked, names.Prepare(n.Name.Text))
		}
	}
	for i, n := range a.names[:min(len(a.names), duplicateNames)] {
		prepared := &a.looked[i]
		if m := prepared.Compare(b.names); m.Score > best.Score {
			best, of = m, n.Name
		}
	}
	var d Duplicate
	because := func(kind, detail string) { d.For = append(d.For, DuplicateReason{kind, detail}) }
	against := func(kind, detail string) { d.Against = append(d.Against, DuplicateReason{kind, detail}) }
	score := best.Score
	if score < likeName {
		score = 0
	} else {
		because(string(reasonOf(best, of)), "“"+of.Text+"” and “"+best.Name.Text+"”")
	}
	score = a.evidence.Weigh(score, b.evidence)
	same, other := "", ""
	for _, i := range a.evidence.Identifiers {
		for _, j := range b.evidence.Identifiers {
			scheme := strings.ToUpper(strings.TrimSpace(i.Scheme))
			if scheme != strings.ToUpper(strings.TrimSpace(j.Scheme)) {
				continue
			}
			if names.SameIdentifier(i.Value, j.Value) {
				same = cmp.Or(same, scheme+" "+i.Value)
			} else if uniqueSchemes[scheme] {
				other = cmp.Or(other, scheme+" "+i.Value+" and "+j.Value)
			}
		}
	}
	if same != "" {
		because(SameIdentifier, same)
		score = max(score, sameNumber)
	}
	if plain := plainURL(a.homepage); plain != "" && plain == plainURL(b.homepage) {
		because(SameHomepage, plain)
		score += (1 - score) * sameHomepage
	}
	if x, y := a.evidence.Country, b.evidence.Country; x != "" && strings.EqualFold(x, y) {
		because(SameCountry, x)
	} else if x != "" && y != "" {
		against(OtherCountry, x+" and "+y)
	}
	if other != "" {
		against(OtherIdentifier, other)
		score -= otherNumber
	}
	if x, y := nature[a.kind], nature[b.kind]; x != y {
		against(OtherKind, a.kind+" and "+b.kind)
		score -= otherKind
	}
	d.Score = rounded(score)
	return d
}

// nature groups the kinds of entity that one may be taken for another of. All others are organisations.
var nature = map[string]string{
	"PERSON": "PERSON", "COUNTRY": "PLACE", "PLACE": "PLACE", "LEGAL_INSTRUMENT": "LAW", "PROJECT": "PROJECT", "PLATFORM": "", "EVENT": "EVENT",
}

// reasonOf returns why two names are alike, if one is looked for among those of the other entity: a match of two equal names is
// called by what either of them is.
func reasonOf(m names.Match, of names.Name) names.Reason {
	if m.Reason != names.Exact {
		return m.Reason
	}
	switch of.Kind {
	case "":
		return names.Exact
	case "FORMER":
		return names.Former
	case "TRANSLITERATION":
		return names.Transliteration
	}
	return names.Alias
}

// rounded returns a score between 0 and 1 with four decimals.
func rounded(score float64) float64 { return math.Round(max(0, min(score, 1))*1e4) / 1e4 }

// sourcePairs returns the pairs of sources with one address, or with the same title, publisher and date, each with the oldest of
// those.
func (d *duplicates) sourcePairs() ([]Duplicate, error) {
	type pair struct{ first, second domain.ID }
	byAddress, byText := map[string]domain.ID{}, map[string]domain.ID{}
	found := map[pair]*Duplicate{}
	tell := func(of map[string]domain.ID, key string, id domain.ID, score float64, reason DuplicateReason) {
		oldest, ok := of[key]
		if !ok {
			of[key] = id
			return
		}
		p := found[pair{id, oldest}]
		if p == nil {
			p = &Duplicate{First: id, Second: oldest}
			found[pair{id, oldest}] = p
		}
		p.For = append(p.For, reason)
		p.Score = rounded(1 - (1-p.Score)*(1-score))
	}
	n := 0
	err := d.db.readTexts(d.ctx, "SELECT id, url, title, publisher, date FROM sources WHERE deleted_at IS NULL ORDER BY id LIMIT ?", 5, []any{duplicateRows + 1},
		func(id int64, texts []string) error {
			if n++; n > duplicateRows {
				d.out.Complete = false
				return nil
			}
			if plain := plainURL(texts[0]); plain != "" {
				tell(byAddress, plain, domain.ID(id), sameAddress, DuplicateReason{SameURL, plain})
			}
			title, publisher, date := plainText(texts[1]), plainText(texts[2]), texts[3]
			if title != "" && publisher != "" && date != "" {
				tell(byText, title+"\x00"+publisher+"\x00"+date, domain.ID(id), sameDescription,
					DuplicateReason{SameTitle, fmt.Sprintf("“%s”, %s, %s", texts[1], texts[2], date)})
			}
			return nil
		})
	if err != nil {
		return nil, err
	}
	pairs := make([]Duplicate, 0, len(found))
	for _, p := range found {
		pairs = append(pairs, *p)
	}
	return pairs, nil
}

// plainText returns a text in small letters, with one space between words.
func plainText(s string) string { return strings.Join(strings.Fields(strings.ToLower(s)), " ") }

// plainURL returns an address in the form in which addresses are compared: without scheme, www., fragment, default port, final slash, and parameters that
// only say where a reader came from; empty for what is no address.
func plainURL(s string) string {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || u.Hostname() == "" {
		return ""
	}
	host := strings.TrimSuffix(strings.TrimPrefix(strings.ToLower(u.Hostname()), "www."), ".")
	if port := u.Port(); port != "" && port != "80" && port != "443" {
		host += ":" + port
	}
	query := u.Query()
	for name := range query {
		if strings.HasPrefix(name, "utm_") || name == "fbclid" || name == "gclid" || name == "mc_cid" || name == "mc_eid" {
			delete(query, name)
		}
	}
	plain := host + strings.TrimRight(u.EscapedPath(), "/")
	if len(query) > 0 {
		plain += "?" + query.Encode()
	}
	return plain
}
