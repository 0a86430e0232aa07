package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// publishRates are the publications a second.
var publishRates = []int{0, 1, 20}

// mixed are the workloads of the reads.
var mixed = []string{"W1", "W2", "W3", "W4", "W7"}

// measureWriters measures reads at a fixed rate, while reports are changed and published,
// with the response cache and without it.
func (b *bench) measureWriters(ctx context.Context) error {
	s := section{Title: fmt.Sprintf("Reads at %d a second (a mix of W1, W2, W3, W4 and W7), while reports are changed and published:", b.readRate),
		Columns: []string{"response cache", "publications/s", "reads: p50, ms", "p99, ms", "most, ms", "from the cache", "publish: p50, ms", "p99, ms"}}
	for _, cache := range []string{"0", "32MiB"} {
		p, err := b.startProgram(ctx, cache)
		if err != nil {
			return err
		}
		for _, rate := range publishRates {
			w := &writersRun{bench: b, p: p}
			err = errors.Join(w.run(ctx, rate), b.restoreTitles(ctx, p, w.changed))
			if err != nil {
				return errors.Join(err, p.stop())
			}
			reads, publishes := w.reads.percentiles(), w.publishes.percentiles()
			row := []string{map[string]string{"0": "off"}[cache] + map[string]string{"32MiB": "32 MiB"}[cache], fmt.Sprint(rate),
				fmt.Sprintf("%.1f", millis(reads.p50)), fmt.Sprintf("%.1f", millis(reads.p99)), fmt.Sprintf("%.1f", millis(reads.most)),
				fmt.Sprintf("%.0f %%", 100*quotient(float64(w.hits), float64(reads.count))), "", ""}
			if publishes.count > 0 {
				row[6], row[7] = fmt.Sprintf("%.1f", millis(publishes.p50)), fmt.Sprintf("%.1f", millis(publishes.p99))
			}
			s.Rows = append(s.Rows, row)
			b.logf("%d publications a second, cache %s: reads p99 %s, %d of %d from the cache", rate, cache, reads.p99.Round(10*time.Microsecond), w.hits, reads.count)
		}
		if err := p.stop(); err != nil {
			return err
		}
	}
	b.result.Sections = append(b.result.Sections, s)
	return nil
}

// writersRun is one run of reads and publications.
type writersRun struct {
	*bench
	p *process

	mu        sync.Mutex
	reads     timings
	hits      int
	publishes timings
	changed   []int
}

// timings are times of responses.
type timings []time.Duration

type percentiles struct {
	count          int
	p50, p99, most time.Duration
}

func (t timings) percentiles() percentiles {
	slices.Sort(t)
	n := len(t)
	if n == 0 {
		return percentiles{}
	}
	return percentiles{n, t[n/2], t[n*99/100], t[n-1]}
}

func (w *writersRun) run(ctx context.Context, rate int) error {
	requests, err := w.mixedRequests(ctx)
	if err != nil {
		return err
	}
	// The cache, if there is one, is filled first.
	for _, r := range requests {
		if _, err := ask(ctx, w.p, r); err != nil {
			return err
		}
	}
	const connections = 8
	end := time.Now().Add(w.duration)
	var all sync.WaitGroup
	failures := make(chan error, connections+1)
	for i := range connections {
		all.Go(func() { failures <- w.read(ctx, requests, i, connections, end) })
	}
	all.Go(func() { failures <- w.publish(ctx, rate, end) })
	all.Wait()
	close(failures)
	var errs []error
	for err := range failures {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// mixedRequests returns requests of the mix, as GET, so that the header Age says what came
// from the cache.
func (w *writersRun) mixedRequests(ctx context.Context) ([][]byte, error) {
	var lists [][][]byte
	for _, load := range w.workloads {
		if !slices.Contains(mixed, load.name) {
			continue
		}
		var list [][]byte
		for _, r := range load.requests {
			if r.hidden {
				continue
			}
			request, err := w.cachedRequest(ctx, w.p, load, cached{method: "GET"}, r.variables)
			if err != nil {
				return nil, err
			}
			var raw bytes.Buffer
			if err := request.Write(&raw); err != nil {
				return nil, err
			}
			list = append(list, raw.Bytes())
		}
		lists = append(lists, list)
	}
	if len(lists) == 0 {
		return nil, errors.New("none of the chosen workloads is in the mix of the part writers")
	}
	requests := make([][]byte, 0, distinct*len(lists))
	for i := range distinct {
		for _, list := range lists {
			requests = append(requests, list[i%len(list)])
		}
	}
	return requests, nil
}

// read sends each connections-th request at its time. The time of a response is counted
// from when the request was due.
func (w *writersRun) read(ctx context.Context, requests [][]byte, first, connections int, end time.Time) error {
	c, err := dial(ctx, w.p.address)
	if err != nil {
		return err
	}
	defer c.close()
	pause := time.Second * time.Duration(connections) / time.Duration(w.readRate)
	due := time.Now().Add(pause * time.Duration(first) / time.Duration(connections))
	for n := first; due.Before(end); n, due = n+connections, due.Add(pause) {
		if err := sleepUntil(ctx, due); err != nil {
			return err
		}
		r, err := c.send(requests[n%len(requests)], nil)
		if err == nil && r.status != 200 {
			err = fmt.Errorf("a read got status %d", r.status)
		}
		if err != nil {
			return err
		}
		w.mu.Lock()
		w.reads = append(w.reads, time.Since(due))
		if r.cached {
			w.hits++
		}
		w.mu.Unlock()
	}
	return nil
}

func sleepUntil(ctx context.Context, at time.Time) error {
	select {
	case <-time.After(time.Until(at)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

const (
	changeTitle = `mutation Change($id: ID!, $title: String!) { updateReport(input: {id: $id, title: $title}) { changed } }`
	publishThem = `mutation Publish($documents: [String!]!) { publish(input: {documents: $documents}) { state } }`
)

// publish changes the titles of reports and publishes them, at a rate.
func (w *writersRun) publish(ctx context.Context, rate int, end time.Time) error {
	if rate == 0 {
		return nil
	}
	due := time.Now()
	for n := 0; due.Before(end); n, due = n+1, due.Add(time.Second/time.Duration(rate)) {
		if err := sleepUntil(ctx, due); err != nil {
			return err
		}
		report := n * 7919 % w.set.Reports
		if d := w.set.ReportDocument(report); !d.Published {
			continue
		}
		w.changed = append(w.changed, report)
		id := fmt.Sprintf("report-%d", report)
		if err := w.mutate(ctx, w.p, changeTitle, object{"id": id, "title": fmt.Sprintf("Changed %d: %s", n, w.set.Report(report).Title)}); err != nil {
			return err
		}
		sent := time.Now()
		if err := w.mutate(ctx, w.p, publishThem, object{"documents": []string{"report:" + id}}); err != nil {
			return err
		}
		w.publishes = append(w.publishes, time.Since(sent))
	}
	return nil
}

// mutate sends a mutation as the editor.
func (b *bench) mutate(ctx context.Context, p *process, document string, variables object) error {
	body, err := ask(ctx, p, post(p.address, "/graphql", b.editor, "", object{"query": document, "variables": variables}))
	if err != nil {
		return err
	}
	var result struct{ Errors json.RawMessage }
	if err := json.Unmarshal(body, &result); err != nil {
		return err
	}
	if len(result.Errors) > 0 {
		return fmt.Errorf("%.500s", result.Errors)
	}
	return nil
}

// restoreTitles gives reports the titles that the data set says.
func (b *bench) restoreTitles(ctx context.Context, p *process, reports []int) error {
	reports = slices.Compact(slices.Sorted(slices.Values(reports)))
	for batch := range slices.Chunk(reports, 100) {
		var names []string
		for _, n := range batch {
			if err := b.mutate(ctx, p, changeTitle, object{"id": fmt.Sprintf("report-%d", n), "title": b.set.Report(n).Title}); err != nil {
				return fmt.Errorf("restore the title of report-%d: %w", n, err)
			}
			names = append(names, fmt.Sprintf("report:report-%d", n))
		}
		if err := b.mutate(ctx, p, publishThem, object{"documents": names}); err != nil {
			return fmt.Errorf("restore titles: %w", err)
		}
	}
	return nil
}

// findChanged returns the reports of the data set that were changed since they were
// generated, and may not have their titles.
func findChanged(ctx context.Context, stores *store.Stores) ([]int, error) {
	var changed []int
	err := store.QueryRows(ctx, stores.DeskRows(), "SELECT id, slug FROM reports WHERE version > 1 AND slug LIKE 'report-%' AND title LIKE 'Changed %'", nil, func(rows *sql.Rows) error {
		var id domain.ID
		var slug string
		var n int
		if err := rows.Scan(&id, &slug); err != nil {
			return err
		}
		if _, err := fmt.Sscanf(slug, "report-%d", &n); err != nil {
			return err
		}
		changed = append(changed, n)
		return nil
	})
	return changed, err
}
