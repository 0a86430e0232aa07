package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redthread-api/redthread/bench/load/dataset"
	"github.com/redthread-api/redthread/internal/domain"
)

// workload is a query with many sets of variables. The baseline gets the variables at a
// path of its own.
type workload struct {
	name     string
	title    string
	document string
	requests []request
	// cursors says that the variable "after" is the slug of a report, which is to be
	// replaced by the cursor of that report.
	cursors bool
	// make makes a request that was not sent before, of a workload that writes.
	make func() map[string]any
}

// request is the variables of a request, and the data of the response to viewers of
// each clearance.
type request struct {
	variables map[string]any
	want      func(clearance domain.Marking) any
	// hidden says that the response has nothing for viewers without a credential. Such
	// requests are compared, and not timed.
	hidden bool
}

// distinct is how many different requests a workload has.
const distinct = 200

type object = map[string]any

// workloads returns all workloads on a data set.
func workloads(s *dataset.Set) []*workload {
	rare, common := dataset.RareWords(), dataset.CommonWords()
	// The texts of all reports are read only if one of these workloads is chosen: a million take minutes.
	found := sync.OnceValue(func() [][]string { return s.ReportsWithWords(slices.Concat(rare, common)) })
	return []*workload{reportBySlug(s), newestReports(s), reportsByTag(s), reportsByCommonTag(s), reportsByEntityTag(s), pageOfReports(s),
		reportsWithWord(s, "W5", "newest 20 with a rare word", searchField, rare, found), reportsWithWord(s, "W5c", "newest 20 with a common word", searchField, common, found),
		reportsWithWord(s, "W5f", "the same list of a rare word, by a filter", searchFilter, rare, found),
		reportsWithWord(s, "W5fc", "the same list of a common word, by a filter", searchFilter, common, found),
		createReport(s), twoHops(s), countByKind(s), countByTag(s), countByCommonTag(s)}
}

// selectWorkloads returns those with the names, or all.
func selectWorkloads(s *dataset.Set, names []string) ([]*workload, error) {
	all := workloads(s)
	if len(names) == 0 {
		return all, nil
	}
	var chosen []*workload
	for _, name := range names {
		i := slices.IndexFunc(all, func(w *workload) bool { return strings.EqualFold(w.name, name) })
		if i < 0 {
			return nil, fmt.Errorf("--workloads: there is no %q", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// spread returns n different numbers below of, in an order that looks random. There are
// fewer if of is less than n.
func spread(n, of int) []int {
	n = min(n, of)
	step := of/n*7/11 | 1
	for gcd(step, of) != 1 {
		step += 2
	}
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = (i*step + of/3) % of
	}
	return numbers
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func reportBySlug(s *dataset.Set) *workload {
	w := &workload{name: "W1", title: "report by slug, with its body", document: `query W1($slug: String!) { report(slug: $slug) {
		slug title summary body publishedAt tags { slug label } entities(first: 50) { nodes { slug name kind } }
		narratives(first: 10) { nodes { slug title claim } } } }`}
	for _, n := range spread(distinct, s.Reports) {
		visible := s.ReportDocument(n)
		w.requests = append(w.requests, request{object{"slug": visible.Slug}, func(c domain.Marking) any {
			r := s.Report(n)
			if !r.VisibleAt(c) {
				return object{"report": nil}
			}
			report := reportObject(s, &r, c, "slug", "title", "summary", "publishedAt", "tags", "entities", "narratives")
			report["body"] = s.Body(n)
			return object{"report": report}
		}, !visible.VisibleAt(domain.Clear)})
	}
	return w
}

// reportObject returns fields of a report in a response.
func reportObject(s *dataset.Set, r *dataset.Report, c domain.Marking, fields ...string) object {
	o := object{}
	for _, field := range fields {
		switch field {
		case "slug":
			o[field] = r.Slug
		case "title":
			o[field] = r.Title
		case "summary":
			o[field] = r.Summary
		case "publishedAt":
			o[field] = r.PublishedAt.Format(time.RFC3339Nano)
		case "tags":
			tags := []any{}
			for _, n := range r.Tags {
				if t := s.Tag(n); t.VisibleAt(c) {
					tags = append(tags, object{"slug": t.Slug, "label": t.Label})
				}
			}
			o[field] = tags
		case "entities":
			entities := []any{}
			for _, n := range r.Entities {
				if e := s.Entity(n); e.VisibleAt(c) {
					entities = append(entities, object{"slug": e.Slug, "name": e.Name, "kind": e.Kind})
				}
			}
			o[field] = object{"nodes": entities}
		case "narratives":
			narratives := []any{}
			for _, n := range r.Narratives {
				if v := s.Narrative(n); v.VisibleAt(c) {
					narratives = append(narratives, object{"slug": v.Slug, "title": v.Title, "claim": v.Claim})
				}
			}
			o[field] = object{"nodes": narratives}
		}
	}
	return o
}

// newest returns the numbers of the newest reports before a report that viewers of a
// clearance see and that match.
func newest(s *dataset.Set, before, count int, c domain.Marking, match func(n int) bool) []int {
	var found []int
	for n := before - 1; n >= 0 && len(found) < count; n-- {
		if d := s.ReportDocument(n); d.VisibleAt(c) && (match == nil || match(n)) {
			found = append(found, n)
		}
	}
	return found
}

func reportList(s *dataset.Set, numbers []int, c domain.Marking, fields ...string) []any {
	nodes := []any{}
	for _, n := range numbers {
		r := s.Report(n)
		nodes = append(nodes, reportObject(s, &r, c, fields...))
	}
	return nodes
}

func newestReports(s *dataset.Set) *workload {
	return &workload{name: "W2", title: "newest 20 with tags and entities", document: `query W2 { reports(first: 20) { nodes {
		slug title summary publishedAt tags { slug label } entities(first: 20) { nodes { slug name kind } } } } }`,
		requests: []request{{object{}, func(c domain.Marking) any {
			return object{"reports": object{"nodes": reportList(s, newest(s, s.Reports, 20, c, nil), c,
				"slug", "title", "summary", "publishedAt", "tags", "entities")}}
		}, false}}}
}

func reportsByTag(s *dataset.Set) *workload {
	w := &workload{name: "W3", title: "newest 20 with a tag", document: `query W3($tag: String!) { reports(first: 20, filter: {tags: {slug: {eq: $tag}}}) { nodes {
		slug title summary publishedAt tags { slug label } } } }`}
	for _, tag := range spread(distinct, s.Tags) {
		w.requests = append(w.requests, newestWithTag(s, tag))
	}
	return w
}

func newestWithTag(s *dataset.Set, tag int) request {
	t := s.Tag(tag)
	return request{object{"tag": t.Slug}, func(c domain.Marking) any {
		numbers := newest(s, s.Reports, 20, c, func(n int) bool { return t.VisibleAt(c) && s.ReportHasTag(n, tag) })
		return object{"reports": object{"nodes": reportList(s, numbers, c, "slug", "title", "summary", "publishedAt", "tags")}}
	}, !t.VisibleAt(domain.Clear)}
}

// reportsByCommonTag is reportsByTag for tags that a share of the reports has, however many
// there are.
func reportsByCommonTag(s *dataset.Set) *workload {
	w := reportsByTag(s)
	w.name, w.title, w.requests = "W3c", "newest 20 with a common tag", nil
	for _, tag := range spread(distinct, s.CommonTags()) {
		w.requests = append(w.requests, newestWithTag(s, tag))
	}
	return w
}

func reportsByEntityTag(s *dataset.Set) *workload {
	w := &workload{name: "W3e", title: "newest 20 about an entity with a tag", document: `query W3e($tag: String!) {
		reports(first: 20, filter: {entities: {tags: {slug: {eq: $tag}}}}) { nodes { slug title summary publishedAt tags { slug label } } } }`}
	for _, tag := range spread(distinct, s.Tags) {
		t := s.Tag(tag)
		w.requests = append(w.requests, request{object{"tag": t.Slug}, func(c domain.Marking) any {
			numbers := newest(s, s.Reports, 20, c, func(n int) bool { return t.VisibleAt(c) && s.ReportHasEntityWithTag(n, tag, c) })
			return object{"reports": object{"nodes": reportList(s, numbers, c, "slug", "title", "summary", "publishedAt", "tags")}}
		}, !t.VisibleAt(domain.Clear)})
	}
	return w
}

func pageOfReports(s *dataset.Set) *workload {
	w := &workload{name: "W4", title: "a page of 100 with tags and entities, by cursor", cursors: true,
		document: `query W4($after: String) { reports(first: 100, after: $after) { nodes {
		slug title publishedAt tags { slug label } entities(first: 20) { nodes { slug name kind } } } pageInfo { hasNextPage endCursor } } }`}
	for _, n := range spread(distinct, s.Reports) {
		d := s.ReportDocument(n)
		if !d.VisibleAt(domain.Clear) {
			continue // nobody has its cursor
		}
		w.requests = append(w.requests, request{object{"after": d.Slug}, func(c domain.Marking) any {
			numbers := newest(s, n, 101, c, nil)
			more := len(numbers) > 100
			numbers = numbers[:min(len(numbers), 100)]
			info := object{"hasNextPage": more, "endCursor": nil}
			if len(numbers) > 0 {
				last := s.ReportDocument(numbers[len(numbers)-1])
				info["endCursor"] = place{last.PublishedAt.Format(time.RFC3339Nano), last.ID.String()}.String()
			}
			return object{"reports": object{"pageInfo": info, "nodes": reportList(s, numbers, c, "slug", "title", "publishedAt", "tags", "entities")}}
		}, false})
	}
	return w
}

// The ways to the newest reports with a word.
const (
	searchField  = `search(query: $word, types: [REPORT], orderBy: NEWEST, first: 20) { nodes { ... on Report { slug title summary publishedAt tags { slug label } } } }`
	searchFilter = `search: reports(filter: {search: $word}, orderBy: {field: PUBLISHED_AT, direction: DESC}, first: 20) { nodes { slug title summary publishedAt tags { slug label } } }`
)

// reportsWithWord searches for words that have no other word with the same stem in the texts. found returns the
// words that each report has.
func reportsWithWord(s *dataset.Set, name, title, field string, words []string, found func() [][]string) *workload {
	w := &workload{name: name, title: title, document: `query ` + name + `($word: String!) { ` + field + ` }`}
	for _, word := range words {
		w.requests = append(w.requests, request{object{"word": word}, func(c domain.Marking) any {
			found := found()
			numbers := newest(s, s.Reports, 20, c, func(n int) bool { return slices.Contains(found[n], word) })
			return object{"search": object{"nodes": reportList(s, numbers, c, "slug", "title", "summary", "publishedAt", "tags")}}
		}, false})
	}
	return w
}

func countByKind(s *dataset.Set) *workload {
	w := &workload{name: "W8", title: "count of the reports of a kind", document: `query W8($kind: ReportKind!) { reports(first: 0, filter: {kind: {eq: $kind}}) { totalCount } }`}
	for _, kind := range domain.ReportKinds {
		w.requests = append(w.requests, request{object{"kind": kind}, func(c domain.Marking) any {
			return object{"reports": object{"totalCount": float64(len(newest(s, s.Reports, s.Reports, c, func(n int) bool { return s.ReportKind(n) == kind })))}}
		}, false})
	}
	return w
}

func countByTag(s *dataset.Set) *workload {
	w := &workload{name: "W8t", title: "count of the reports with a tag", document: `query W8t($tag: String!) { reports(first: 0, filter: {tags: {slug: {eq: $tag}}}) { totalCount } }`}
	for _, tag := range spread(min(distinct, 50), s.Tags) {
		w.requests = append(w.requests, numberWithTag(s, tag))
	}
	return w
}

func numberWithTag(s *dataset.Set, tag int) request {
	t := s.Tag(tag)
	return request{object{"tag": t.Slug}, func(c domain.Marking) any {
		return object{"reports": object{"totalCount": float64(len(newest(s, s.Reports, s.Reports, c, func(n int) bool { return t.VisibleAt(c) && s.ReportHasTag(n, tag) })))}}
	}, !t.VisibleAt(domain.Clear)}
}

// countByCommonTag is countByTag for tags that a share of the reports has.
func countByCommonTag(s *dataset.Set) *workload {
	w := countByTag(s)
	w.name, w.title, w.requests = "W8c", "count of the reports with a common tag", nil
	for _, tag := range spread(distinct, s.CommonTags()) {
		w.requests = append(w.requests, numberWithTag(s, tag))
	}
	return w
}

func twoHops(s *dataset.Set) *workload {
	w := &workload{name: "W7", title: "two hops from an entity, about 250 relationships", document: `query W7($slug: String!) { entity(slug: $slug) { slug name
		relationships(direction: OUTGOING, first: 50) { nodes { kind confidence to { slug name kind
			relationships(direction: OUTGOING, first: 50) { nodes { kind confidence to { slug name kind } } } } } } } }`}
	for _, n := range spread(distinct, s.Hubs()) {
		e := s.Entity(n)
		w.requests = append(w.requests, request{object{"slug": e.Slug}, func(c domain.Marking) any {
			if !e.VisibleAt(c) {
				return object{"entity": nil}
			}
			return object{"entity": object{"slug": e.Slug, "name": e.Name, "relationships": object{"nodes": tiesOf(s, n, c, 2)}}}
		}, !e.VisibleAt(domain.Clear)})
	}
	return w
}

// tiesOf returns the relationships from an entity, and those from their other ends.
func tiesOf(s *dataset.Set, entity int, c domain.Marking, hops int) []any {
	nodes := []any{}
	for _, n := range s.Outgoing(entity) {
		r := s.Relationship(n)
		if !s.RelationshipVisibleAt(&r, c) {
			continue
		}
		e := s.Entity(r.To)
		to := object{"slug": e.Slug, "name": e.Name, "kind": e.Kind}
		if hops > 1 {
			to["relationships"] = object{"nodes": tiesOf(s, r.To, c, hops-1)}
		}
		nodes = append(nodes, object{"kind": r.Kind, "confidence": r.Confidence, "to": to})
	}
	return nodes
}

func createReport(s *dataset.Set) *workload {
	w := &workload{name: "W6", title: "create a report with its links", document: `mutation W6($input: CreateReportInput!) { createReport(input: $input) {
		created report { slug title version } } }`}
	run, n := time.Now().UnixNano(), 0
	w.make = func() map[string]any {
		n++
		like := s.Report(n % s.Reports)
		return object{"input": object{"slug": fmt.Sprintf("%s%d-%d", writtenPrefix, run, n), "title": fmt.Sprintf("Written by the load bench: %d of %d", n, run), "kind": like.Kind,
			"language": "en", "summary": like.Summary, "body": s.Body(n % s.Reports),
			"tags": slugs(domain.Tag, like.Tags), "entities": slugs(domain.Entity, like.Entities), "narratives": slugs(domain.Narrative, like.Narratives)}}
	}
	return w
}

// writtenPrefix begins the slugs of the reports that W6 creates, which are deleted at the
// end of a run.
const writtenPrefix = "load-bench-"

func slugs(t domain.Type, numbers []int) []string {
	all := make([]string, len(numbers))
	for i, n := range numbers {
		all[i] = fmt.Sprintf("%s-%d", t, n)
	}
	return all
}
