package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

// The baseline: net/http handlers with prepared statements for just these requests, and
// encoding/json with types for just these responses. A handler gets the variables of the
// GraphQL request as its body, and responds with the same JSON. It does what the program
// does for the same data: the same visibility, the same order, the same commit.

type tagJSON struct {
	Slug  string `json:"slug"`
	Label string `json:"label"`
}

type entityJSON struct {
	Slug string `json:"slug"`
	Name string `json:"name"`
	Kind string `json:"kind"`
}

type narrativeJSON struct {
	Slug  string `json:"slug"`
	Title string `json:"title"`
	Claim string `json:"claim"`
}

type nodes[T any] struct {
	Nodes []T `json:"nodes"`
}

// reportJSON is a report in a response. What is nil or empty was not asked for.
type reportJSON struct {
	id          int64
	Slug        string                `json:"slug"`
	Title       string                `json:"title"`
	Summary     string                `json:"summary,omitempty"`
	Body        string                `json:"body,omitempty"`
	PublishedAt time.Time             `json:"publishedAt"`
	Tags        []tagJSON             `json:"tags"`
	Entities    *nodes[entityJSON]    `json:"entities,omitempty"`
	Narratives  *nodes[narrativeJSON] `json:"narratives,omitempty"`
}

type pageInfoJSON struct {
	HasNextPage bool    `json:"hasNextPage"`
	EndCursor   *string `json:"endCursor"`
}

type reportsJSON struct {
	Nodes    []*reportJSON `json:"nodes"`
	PageInfo *pageInfoJSON `json:"pageInfo,omitempty"`
}

type countJSON struct {
	TotalCount int `json:"totalCount"`
}

// tieJSON is a relationship and its other end.
type tieJSON struct {
	Kind       string  `json:"kind"`
	Confidence string  `json:"confidence"`
	To         endJSON `json:"to"`
}

type endJSON struct {
	id int64
	entityJSON
	Relationships *nodes[*tieJSON] `json:"relationships,omitempty"`
}

type startJSON struct {
	Slug          string          `json:"slug"`
	Name          string          `json:"name"`
	Relationships nodes[*tieJSON] `json:"relationships"`
}

type createdJSON struct {
	Created bool `json:"created"`
	Report  struct {
		Slug    string `json:"slug"`
		Title   string `json:"title"`
		Version int    `json:"version"`
	} `json:"report"`
}

// variables are those of all requests.
type variables struct {
	Slug  string
	Tag   string
	Word  string
	Kind  string
	After *string
	Input newReport
}

// newReport is the input of W6.
type newReport struct {
	Slug, Title, Kind, Language, Summary, Body string
	Tags, Entities, Narratives                 []string
}

// queries are the statements of an engine. Each reads what viewers of a clearance see.
type queries interface {
	report(ctx context.Context, slug string, clearance int) (*reportJSON, error)
	newest(ctx context.Context, clearance int) ([]*reportJSON, error)
	byTag(ctx context.Context, tag string, clearance int) ([]*reportJSON, error)
	byWord(ctx context.Context, word string, clearance int) ([]*reportJSON, error)
	byEntityTag(ctx context.Context, tag string, clearance int) ([]*reportJSON, error)
	// page returns at most n reports after a place, or the first ones.
	page(ctx context.Context, after *reportPlace, n, clearance int) ([]*reportJSON, error)
	countKind(ctx context.Context, kind string, clearance int) (int, error)
	countTag(ctx context.Context, tag string, clearance int) (int, error)
	// tags, entities and narratives fill the lists of reports.
	tags(ctx context.Context, of map[int64]*reportJSON, ids []int64, clearance int) error
	entities(ctx context.Context, of map[int64]*reportJSON, ids []int64, clearance int) error
	narratives(ctx context.Context, of map[int64]*reportJSON, ids []int64, clearance int) error
	entity(ctx context.Context, slug string, clearance int) (id int64, found *startJSON, err error)
	// ties calls add for the relationships from entities, the newest first.
	ties(ctx context.Context, from []int64, clearance int, add func(from int64, t *tieJSON)) error
	create(ctx context.Context, r *newReport) error
	close() error
}

// reportPlace is what a cursor of reports contains.
type reportPlace struct {
	at time.Time
	id int64
}

// errNotFound says that there is no such document for the viewer.
var errNotFound = errors.New("not found")

type baseline struct{ db queries }

// serveBaseline serves the baseline. The arguments are the folder of the SQLite stores
// and the DSN of PostgreSQL, one of which is empty.
func serveBaseline(ctx context.Context, args []string, out *replies) error {
	open := openSQLite
	source := args[0]
	if args[1] != "" {
		open, source = openPostgres, args[1]
	}
	db, err := open(ctx, source)
	if err != nil {
		return err
	}
	b := &baseline{db}
	mux := http.NewServeMux()
	for name, handler := range map[string]func(context.Context, *variables, int) (any, error){
		"W1": b.reportBySlug, "W2": b.newestReports, "W3": b.reportsByTag, "W3c": b.reportsByTag, "W3e": b.reportsByEntityTag, "W4": b.pageOfReports,
		"W5": b.reportsWithWord, "W5c": b.reportsWithWord, "W5f": b.reportsWithWord, "W5fc": b.reportsWithWord, "W6": b.createReport, "W7": b.twoHops,
		"W8": b.countByKind, "W8t": b.countByTag, "W8c": b.countByTag,
	} {
		mux.HandleFunc("POST /"+name, serveJSON(handler))
	}
	ready := &readyResponses{}
	mux.HandleFunc("PUT /ready/{n}", ready.put)
	mux.HandleFunc("/ready/{n}", ready.serve)
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, db.close())
	}
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 45 * time.Second, IdleTimeout: 2 * time.Minute}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	out.write(reply{URL: "http://" + l.Addr().String()})
	select {
	case <-ctx.Done():
		return errors.Join(srv.Close(), db.close())
	case err := <-failed:
		return errors.Join(err, db.close())
	}
}

// clearances are the keys of the baseline: what a viewer with a key sees. Without one it
// is what is CLEAR.
var clearances = map[string]domain.Marking{"Bearer " + baselinePartner: domain.Amber}

const baselinePartner = "partner"

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// serveJSON makes an HTTP handler of a function.
func serveJSON(handler func(context.Context, *variables, int) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		buffer := buffers.Get().(*bytes.Buffer)
		defer buffers.Put(buffer)
		buffer.Reset()
		if _, err := buffer.ReadFrom(http.MaxBytesReader(w, r.Body, 1<<20)); err != nil {
			http.Error(w, "the request cannot be read", http.StatusBadRequest)
			return
		}
		var v variables
		if err := json.Unmarshal(buffer.Bytes(), &v); err != nil {
			http.Error(w, "the request is not as it should be", http.StatusBadRequest)
			return
		}
		data, err := handler(r.Context(), &v, int(clearances[r.Header.Get("Authorization")]))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		buffer.Reset()
		encoder := json.NewEncoder(buffer)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(data); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		h := w.Header()
		h["Content-Type"] = []string{"application/json"}
		h["Content-Length"] = []string{strconv.Itoa(buffer.Len())}
		_, _ = w.Write(buffer.Bytes()) // the client has gone
	}
}

type data[T any] struct {
	Data T `json:"data"`
}

type reportData struct {
	Report *reportJSON `json:"report"`
}

type reportsData struct {
	Reports reportsJSON `json:"reports"`
}

type countData struct {
	Reports countJSON `json:"reports"`
}

// The lists of reports to be filled.
const (
	withTags = 1 << iota
	withEntities
	withNarratives
)

// fill fills lists of reports, one statement each.
func (b *baseline) fill(ctx context.Context, reports []*reportJSON, lists, clearance int) error {
	if len(reports) == 0 {
		return nil
	}
	byID := make(map[int64]*reportJSON, len(reports))
	ids := make([]int64, len(reports))
	for i, r := range reports {
		byID[r.id], ids[i] = r, r.id
		r.Tags = []tagJSON{}
		if lists&withEntities != 0 {
			r.Entities = &nodes[entityJSON]{Nodes: []entityJSON{}}
		}
		if lists&withNarratives != 0 {
			r.Narratives = &nodes[narrativeJSON]{Nodes: []narrativeJSON{}}
		}
	}
	err := b.db.tags(ctx, byID, ids, clearance)
	if err == nil && lists&withEntities != 0 {
		err = b.db.entities(ctx, byID, ids, clearance)
	}
	if err == nil && lists&withNarratives != 0 {
		err = b.db.narratives(ctx, byID, ids, clearance)
	}
	return err
}

func (b *baseline) reportBySlug(ctx context.Context, v *variables, clearance int) (any, error) {
	r, err := b.db.report(ctx, v.Slug, clearance)
	if errors.Is(err, errNotFound) {
		return data[reportData]{}, nil
	}
	if err == nil {
		err = b.fill(ctx, []*reportJSON{r}, withTags|withEntities|withNarratives, clearance)
	}
	return data[reportData]{reportData{r}}, err
}

func (b *baseline) newestReports(ctx context.Context, _ *variables, clearance int) (any, error) {
	reports, err := b.db.newest(ctx, clearance)
	if err == nil {
		err = b.fill(ctx, reports, withTags|withEntities, clearance)
	}
	return data[reportsData]{reportsData{reportsJSON{Nodes: reports}}}, err
}

func (b *baseline) reportsByTag(ctx context.Context, v *variables, clearance int) (any, error) {
	reports, err := b.db.byTag(ctx, v.Tag, clearance)
	if err == nil {
		err = b.fill(ctx, reports, withTags, clearance)
	}
	return data[reportsData]{reportsData{reportsJSON{Nodes: reports}}}, err
}

func (b *baseline) reportsWithWord(ctx context.Context, v *variables, clearance int) (any, error) {
	reports, err := b.db.byWord(ctx, v.Word, clearance)
	if err == nil {
		err = b.fill(ctx, reports, withTags, clearance)
	}
	type searchData struct {
		Search reportsJSON `json:"search"`
	}
	return data[searchData]{searchData{reportsJSON{Nodes: reports}}}, err
}

func (b *baseline) reportsByEntityTag(ctx context.Context, v *variables, clearance int) (any, error) {
	reports, err := b.db.byEntityTag(ctx, v.Tag, clearance)
	if err == nil {
		err = b.fill(ctx, reports, withTags, clearance)
	}
	return data[reportsData]{reportsData{reportsJSON{Nodes: reports}}}, err
}

func (b *baseline) pageOfReports(ctx context.Context, v *variables, clearance int) (any, error) {
	const size = 100
	var after *reportPlace
	if v.After != nil {
		p, err := decodeCursor(*v.After)
		if err != nil {
			return nil, fmt.Errorf("the cursor: %w", err)
		}
		id, err := domain.ParseID(p.ID)
		if err != nil {
			return nil, err
		}
		at, err := time.Parse(time.RFC3339Nano, p.Value)
		if err != nil {
			return nil, err
		}
		after = &reportPlace{at, int64(id)}
	}
	reports, err := b.db.page(ctx, after, size+1, clearance)
	if err != nil {
		return nil, err
	}
	info := &pageInfoJSON{HasNextPage: len(reports) > size}
	reports = reports[:min(len(reports), size)]
	if len(reports) > 0 {
		last := reports[len(reports)-1]
		raw, err := json.Marshal(place{last.PublishedAt.Format(time.RFC3339Nano), domain.ID(last.id).String()})
		if err != nil {
			return nil, err
		}
		cursor := base64.RawURLEncoding.EncodeToString(raw)
		info.EndCursor = &cursor
	}
	err = b.fill(ctx, reports, withTags|withEntities, clearance)
	return data[reportsData]{reportsData{reportsJSON{reports, info}}}, err
}

func (b *baseline) countByKind(ctx context.Context, v *variables, clearance int) (any, error) {
	n, err := b.db.countKind(ctx, v.Kind, clearance)
	return data[countData]{countData{countJSON{n}}}, err
}

func (b *baseline) countByTag(ctx context.Context, v *variables, clearance int) (any, error) {
	n, err := b.db.countTag(ctx, v.Tag, clearance)
	return data[countData]{countData{countJSON{n}}}, err
}

func (b *baseline) createReport(ctx context.Context, v *variables, _ int) (any, error) {
	var done struct {
		CreateReport createdJSON `json:"createReport"`
	}
	c := &done.CreateReport
	c.Created, c.Report.Slug, c.Report.Title, c.Report.Version = true, v.Input.Slug, v.Input.Title, 1
	return data[any]{done}, b.db.create(ctx, &v.Input)
}

// maxTies is the first of W7.
const maxTies = 50

func (b *baseline) twoHops(ctx context.Context, v *variables, clearance int) (any, error) {
	type entityData struct {
		Entity *startJSON `json:"entity"`
	}
	id, start, err := b.db.entity(ctx, v.Slug, clearance)
	if errors.Is(err, errNotFound) {
		return data[entityData]{}, nil
	}
	if err != nil {
		return nil, err
	}
	first := []*tieJSON{}
	err = b.db.ties(ctx, []int64{id}, clearance, func(_ int64, t *tieJSON) {
		if len(first) < maxTies {
			first = append(first, t)
		}
	})
	if err != nil {
		return nil, err
	}
	// Several relationships may lead to the same entity.
	ends := make(map[int64]*nodes[*tieJSON], len(first))
	ids := make([]int64, 0, len(first))
	for _, t := range first {
		if ends[t.To.id] == nil {
			ends[t.To.id] = &nodes[*tieJSON]{Nodes: []*tieJSON{}}
			ids = append(ids, t.To.id)
		}
		t.To.Relationships = ends[t.To.id]
	}
	err = b.db.ties(ctx, ids, clearance, func(from int64, t *tieJSON) {
		if end := ends[from]; len(end.Nodes) < maxTies {
			end.Nodes = append(end.Nodes, t)
		}
	})
	start.Relationships.Nodes = first
	return data[entityData]{entityData{start}}, err
}
