package conformance

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Config is what a run needs.
type Config struct {
	// URL is the endpoint.
	URL string
	// Header is sent with each request.
	Header http.Header
	Client *http.Client
	// Run chooses the cases whose chapter, section and id ("Language/Comments/id")
	// it matches; nil chooses all.
	Run *regexp.Regexp
	// Until leaves out the cases that are new in later editions; empty leaves out none.
	Until Edition
	// Echo are positions of types that are used instead of those in the schema.
	Echo map[string]Echo
	// Parallel is how many requests are made at a time; 0 means 4.
	Parallel int
}

// Echo is a place in an operation that takes a value and whose response has it.
type Echo struct {
	// Before and After are the selections of the operation around the value.
	Before, After string
	// Path is where the data has the value: names and indexes.
	Path []any
	// Mutation says that the operation is a mutation.
	Mutation bool
}

// Result is how a case ended.
type Result struct {
	Case Case
	// NotApplicable says what the server lacks, if the case was not run.
	NotApplicable string
	// Err says what was wrong, if the case failed.
	Err error
	// Sent is the document or the request.
	Sent string
}

// Failed says whether a case failed that the specification says must hold.
func (r Result) Failed() bool { return r.Err != nil && r.Case.Level == Must }

// caseTimeout is how long a server may take for one response.
const caseTimeout = 30 * time.Second

// Run runs cases against a server and returns their results, in the order of the
// cases. It returns an error if the server cannot be reached or its schema not be read.
func Run(ctx context.Context, c Config, cases []Case) ([]Result, error) {
	if c.Client == nil {
		return nil, errors.New("conformance: no client")
	}
	t, err := newTarget(ctx, c)
	if err != nil {
		return nil, err
	}
	var results []Result
	for _, one := range cases {
		if c.Until != "" && one.Since > c.Until || c.Run != nil && !c.Run.MatchString(one.Name()) {
			continue
		}
		results = append(results, Result{Case: one})
	}
	parallel := c.Parallel
	if parallel == 0 {
		parallel = 4
	}
	var wg sync.WaitGroup
	free := make(chan struct{}, parallel)
	for i := range results {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			t.run(ctx, &results[i])
		})
	}
	wg.Wait()
	return results, ctx.Err()
}

// Name is the chapter, the section and the id of a case.
func (c Case) Name() string {
	return strings.TrimLeft(string(c.Chapter), "0123456789 ") + "/" + c.Section + "/" + c.ID
}

// run runs one case.
func (t *target) run(ctx context.Context, r *Result) {
	ctx, cancel := context.WithTimeout(ctx, caseTimeout)
	defer cancel()
	c := r.Case
	if r.NotApplicable = t.unmet(c.Needs); r.NotApplicable != "" {
		return
	}
	var (
		got *Response
		err error
		p   position
	)
	switch {
	case c.HTTP != nil:
		q := *c.HTTP
		q.Query, q.Body = t.named(q.Query), t.named(q.Body)
		r.Sent = strings.TrimSpace(fmt.Sprintf("%s ?%s %s %s", q.Method, q.Query, strings.Join(q.Header, " "), q.Body))
		got, err = t.send(ctx, q)
	case c.At != "":
		var ok bool
		p, ok = t.position(c.At)
		if !ok {
			r.NotApplicable = "a position of the type " + c.At
			return
		}
		value := strings.ReplaceAll(c.Value, "%value%", p.value)
		document, variables := p.document(value, strings.ReplaceAll(strings.ReplaceAll(c.Defines, "%type%", p.typ), "%value%", p.value)), strings.ReplaceAll(c.Variables, "%value%", p.value)
		if c.ValueIsJSON {
			document, variables = p.document("$value", "$value: "+p.typ), fmt.Sprintf(`{"value": %s}`, value)
		}
		r.Sent = strings.TrimSpace(document + " " + variables)
		got, err = t.post(ctx, document, "", variables)
	default:
		document := t.named(c.Document)
		r.Sent = strings.TrimSpace(document + " " + c.Variables)
		got, err = t.post(ctx, document, c.Operation, t.named(c.Variables))
	}
	if err != nil {
		r.Err = err
		return
	}
	got.echo, got.value = p.echo, p.value
	r.Err = c.Want.check(t, got)
}
