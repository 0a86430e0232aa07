package search

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// Writer writes documents to the index of a store, in a transaction of that store. Its methods
// collect; [Writer.Flush] writes.
type Writer struct {
	tx       *store.Tx
	manifest *manifest
	units    map[domain.ID]knownUnit // by id
	owned    map[domain.ID][]domain.ID
	blocks   map[int64]*[blockUnits]unitMeta // those read so far
	changed  map[int64]bool                  // blocks to be written

	ahead       map[domain.ID]analysed
	occurrences occurrences
	analyses    int // see Analyses
	written     int // units with new postings
	stored      []storedUnit
	removed     []domain.ID
	dirty       bool // the manifest is to be written
	posted      bool // the generation is one of this writer
}

// knownUnit is a row of search_units.
type knownUnit struct {
	number uint32
	hash   int64
}

type storedUnit struct {
	id, owner domain.ID
	number    uint32
	hash      int64
}

// NewWriter returns a writer for a transaction.
func NewWriter(tx *store.Tx) *Writer {
	return &Writer{tx: tx, units: map[domain.ID]knownUnit{}, owned: map[domain.ID][]domain.ID{},
		blocks: map[int64]*[blockUnits]unitMeta{}, changed: map[int64]bool{}}
}

// open reads the manifest; it makes one where the store has no index, and so no document yet, or an index
// is being made ([Index.Prepare]).
func (w *Writer) open(ctx context.Context) error {
	if w.manifest != nil {
		return nil
	}
	_, m, err := readManifest(ctx, plainRows{w.tx})
	if err != nil {
		return err
	}
	if m == nil {
		m = &manifest{format: manifestFormat}
	}
	w.manifest = m
	return nil
}

// load reads the units of documents.
func (w *Writer) load(ctx context.Context, owners []domain.ID) error {
	owners = slices.DeleteFunc(slices.Clone(owners), func(id domain.ID) bool { _, ok := w.owned[id]; return ok })
	if len(owners) == 0 {
		return nil
	}
	for _, id := range owners {
		w.owned[id] = nil
	}
	engine := w.tx.Dialect()
	err := store.QueryRows(ctx, w.tx, "SELECT id, owner_id, number, hash FROM search_units WHERE owner_id"+store.InSet(engine),
		[]any{store.IDSet(engine, owners)}, func(rows *sql.Rows) error {
			var id, owner domain.ID
			var u knownUnit
			if err := rows.Scan(&id, &owner, &u.number, &u.hash); err != nil {
				return err
			}
			w.units[id] = u
			w.owned[owner] = append(w.owned[owner], id)
			return nil
		})
	if err != nil {
		return fmt.Errorf("read the units of the search index: %w", err)
	}
	return nil
}

// loadBlocks reads the blocks of the numbers.
func (w *Writer) loadBlocks(ctx context.Context, numbers []uint32) error {
	var wanted []domain.ID // as numbers
	for _, n := range numbers {
		b := int64(n >> blockBits)
		if w.blocks[b] != nil || slices.Contains(wanted, domain.ID(b)) {
			continue
		}
		if int(b) >= len(w.manifest.stamps) || w.manifest.stamps[b] == 0 {
			w.blocks[b] = new([blockUnits]unitMeta)
			continue
		}
		wanted = append(wanted, domain.ID(b))
	}
	if len(wanted) == 0 {
		return nil
	}
	engine := w.tx.Dialect()
	err := store.QueryRows(ctx, w.tx, "SELECT id, data, links FROM search_unit_blocks WHERE id"+store.InSet(engine),
		[]any{store.IDSet(engine, wanted)}, func(rows *sql.Rows) error {
			var id int64
			var data, links []byte
			if err := rows.Scan(&id, &data, &links); err != nil {
				return err
			}
			units, err := decodeForWriting(data, links)
			w.blocks[id] = units
			return err
		})
	if err != nil {
		return fmt.Errorf("read the units of the search index: %w", err)
	}
	for _, b := range wanted {
		if w.blocks[int64(b)] == nil {
			return errCorrupt
		}
	}
	return nil
}

// at returns the unit with a number, whose block was read.
func (w *Writer) at(number uint32) *unitMeta {
	return &w.blocks[int64(number>>blockBits)][number%blockUnits]
}

// set replaces the unit with a number, if it differs.
func (w *Writer) set(number uint32, u unitMeta) {
	at := w.at(number)
	if at.ID == u.ID && at.Generation == u.Generation && at.Marking == u.Marking && at.Type == u.Type && at.Kind == u.Kind && at.Language == u.Language &&
		at.Published == u.Published && at.Day == u.Day && at.Lengths == u.Lengths && slices.Equal(at.Links, u.Links) {
		return
	}
	*at = u
	w.changed[int64(number>>blockBits)] = true
}

// Put writes documents. Those of types that are not in the index are passed over.
func (w *Writer) Put(ctx context.Context, documents ...Document) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	var all []unit
	var owners []domain.ID
	for i := range documents {
		if d := &documents[i]; Indexed(d.Type) {
			all = append(all, unitsOf(d)...)
			owners = append(owners, d.Root.ID)
			if _, known := w.owned[d.Root.ID]; d.New && !known {
				w.owned[d.Root.ID] = nil // there is nothing to read
			}
		}
	}
	if err := w.load(ctx, owners); err != nil {
		return err
	}
	markings := map[domain.ID]domain.Marking{} // of documents that keep what they have
	for i := range documents {
		if documents[i].KeepMarking {
			markings[documents[i].Root.ID] = documents[i].Marking
		}
	}
	present := map[domain.ID]bool{}
	numbers := make([]uint32, len(all))
	for i := range all {
		u := &all[i]
		present[u.ID] = true
		known, ok := w.units[u.ID]
		if !ok {
			known = knownUnit{number: w.manifest.numbers}
			w.manifest.numbers++
			w.units[u.ID] = known
			w.owned[u.owner] = append(w.owned[u.owner], u.ID)
		}
		numbers[i] = known.number
	}
	if err := w.loadBlocks(ctx, numbers); err != nil {
		return err
	}
	for i := range all {
		if before := w.at(numbers[i]); before.ID == all[i].owner {
			if _, keep := markings[before.ID]; keep {
				markings[before.ID] = before.Marking
			}
		}
	}
	for i := range all {
		u, number := &all[i], numbers[i]
		if m, keep := markings[u.owner]; keep {
			u.Marking = m
		}
		hash := u.hash()
		before := w.at(number)
		if w.units[u.ID].hash == hash && before.ID == u.ID && before.Generation > w.manifest.restart {
			u.Generation, u.Lengths = before.Generation, before.Lengths
		} else {
			// A unit that is put twice in a transaction: what it had of the first time is replaced.
			if before.ID != 0 && before.Generation == w.nextGeneration() {
				w.occurrences.remove(number)
			}
			w.analyse(u, number, hash)
			w.analyses++
			w.written++
			u.Generation = w.nextGeneration()
			w.units[u.ID] = knownUnit{number, hash}
			w.stored = append(w.stored, storedUnit{u.ID, u.owner, number, hash})
		}
		w.set(number, u.unitMeta)
	}
	for _, owner := range owners {
		var gone []domain.ID
		for _, id := range w.owned[owner] {
			if !present[id] {
				gone = append(gone, id)
			}
		}
		if err := w.drop(ctx, owner, gone); err != nil {
			return err
		}
	}
	return nil
}

// Analysed is the terms of documents that were found ahead of the transaction that writes them, so that its lock is held
// for less long.
type Analysed struct {
	units map[domain.ID]analysed
}

// analysed is the terms of a unit.
type analysed struct {
	hash        int64
	occurrences occurrences
	lengths     [fields]uint16
}

// analyse collects the terms of a unit.
func (w *Writer) analyse(u *unit, number uint32, hash int64) {
	if a, ok := w.ahead[u.ID]; ok && a.hash == hash {
		w.occurrences.addAll(&a.occurrences, number)
		u.Lengths = a.lengths
		return
	}
	u.collect(&w.occurrences, number)
}

// Analyse finds the terms of documents, for [Writer.UseAnalysed].
func Analyse(documents ...Document) Analysed {
	all := Analysed{map[domain.ID]analysed{}}
	for i := range documents {
		if !Indexed(documents[i].Type) {
			continue
		}
		units := unitsOf(&documents[i])
		for j := range units {
			u := &units[j]
			a := analysed{hash: u.hash()}
			u.collect(&a.occurrences, 0)
			a.lengths = u.Lengths
			all.units[u.ID] = a
		}
	}
	return all
}

// UseAnalysed lets the writer use what was found ahead, in place of what it was given before. A document that has changed
// since is analysed again.
func (w *Writer) UseAnalysed(a Analysed) { w.ahead = a.units }

// Analyses returns of how many units the writer has needed the terms so far: those that the index did not have as they are.
func (w *Writer) Analyses() int { return w.analyses }

// nextGeneration is the generation of what this writer writes.
func (w *Writer) nextGeneration() uint32 { return w.manifest.generation + 1 }

// drop removes units of a document.
func (w *Writer) drop(ctx context.Context, owner domain.ID, ids []domain.ID) error {
	var numbers []uint32
	for _, id := range ids {
		numbers = append(numbers, w.units[id].number)
	}
	if err := w.loadBlocks(ctx, numbers); err != nil {
		return err
	}
	for i, id := range ids {
		w.set(numbers[i], unitMeta{})
		w.removed = append(w.removed, id)
		delete(w.units, id)
	}
	w.owned[owner] = slices.DeleteFunc(w.owned[owner], func(id domain.ID) bool { return slices.Contains(ids, id) })
	return nil
}

// Remove takes documents out of the index.
func (w *Writer) Remove(ctx context.Context, owners ...domain.ID) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	if err := w.load(ctx, owners); err != nil {
		return err
	}
	for _, owner := range owners {
		if err := w.drop(ctx, owner, slices.Clone(w.owned[owner])); err != nil {
			return err
		}
	}
	return nil
}

// Mark sets the markings of documents.
func (w *Writer) Mark(ctx context.Context, markings map[domain.ID]domain.Marking) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	owners := slices.DeleteFunc(slices.Sorted(maps.Keys(markings)), func(id domain.ID) bool { return !Indexed(id.Type()) })
	for chunk := range slices.Chunk(owners, 4*aggregate.MaxBatch) {
		if err := w.load(ctx, chunk); err != nil {
			return err
		}
		var numbers []uint32
		for _, owner := range chunk {
			for _, id := range w.owned[owner] {
				numbers = append(numbers, w.units[id].number)
			}
		}
		if err := w.loadBlocks(ctx, numbers); err != nil {
			return err
		}
		for _, owner := range chunk {
			for _, id := range w.owned[owner] {
				number := w.units[id].number
				u := *w.at(number)
				u.Marking = markings[owner]
				w.set(number, u)
			}
		}
	}
	return nil
}

// pendingUnits is how many units a write has at least for which a segment is written at once.
const pendingUnits = 16

// postBatch is how many occurrences are collected before they are written.
const postBatch = 400_000

// Spill writes postings if many were collected, so that a large release does not take much memory.
func (w *Writer) Spill(ctx context.Context) error {
	if len(w.occurrences.places) < postBatch {
		return nil
	}
	return w.post(ctx)
}

// post writes the collected postings as a generation of their own.
func (w *Writer) post(ctx context.Context) error {
	if w.written == 0 {
		return nil
	}
	m := w.manifest
	m.generation++
	w.dirty, w.posted = true, true
	s := source{first: m.generation, last: m.generation, units: uint32(w.written)}
	defer func() { w.occurrences.reset(); w.written = 0 }()
	if len(w.occurrences.places) == 0 {
		return nil
	}
	out := &blockOutput{tx: w.tx, manifest: m}
	writer := segmentWriter{emit: out.emit}
	if w.written < pendingUnits {
		// One row, which is one block.
		var data []byte
		all := segmentWriter{unbounded: true, emit: func(_ string, postings, positions []byte) error {
			if data != nil {
				return errTooLarge
			}
			data = encodePending(postings, positions)
			return nil
		}}
		if err := w.occurrences.write(&all); err != nil {
			return err
		}
		if err := all.close(); err != nil {
			return err
		}
		s.size = kib(len(data))
		m.sources = append(m.sources, s)
		return store.ExecLater(ctx, w.tx, "write pending postings", "INSERT INTO search_pending (id, data) VALUES (?, ?)", int64(m.generation), data)
	}
	out.begin(ctx)
	if err := w.occurrences.write(&writer); err != nil {
		return err
	}
	if err := writer.close(); err != nil {
		return err
	}
	if err := out.end(); err != nil {
		return err
	}
	s.segment, s.size, s.blocks = out.segment, kib(out.bytes), uint32(len(out.dictionary.ids))
	m.sources = append(m.sources, s)
	return nil
}

var errTooLarge = errors.New("a row of pending postings has more than one block")

func kib(n int) uint32 { return uint32((n + 1023) / 1024) }

// blockOutput writes the blocks of a segment in a transaction.
type blockOutput struct {
	ctx        context.Context
	tx         *store.Tx
	manifest   *manifest
	segment    int64
	dictionary dictionary
	bytes      int
}

func (o *blockOutput) begin(ctx context.Context) {
	o.ctx = ctx
	o.manifest.nextSegment++
	o.segment = o.manifest.nextSegment
}

func (o *blockOutput) emit(first string, postings, positions []byte) error {
	o.manifest.nextBlock++
	id := o.manifest.nextBlock
	o.dictionary.add(id, first)
	o.bytes += len(postings) + len(positions)
	return insertBlock(o.ctx, o.tx, id, o.segment, postings, positions)
}

func (o *blockOutput) end() error { return insertSegment(o.ctx, o.tx, o.segment, &o.dictionary) }

func insertBlock(ctx context.Context, tx *store.Tx, id, segment int64, postings, positions []byte) error {
	if positions == nil {
		positions = []byte{}
	}
	if err := store.Exec(ctx, tx, "INSERT INTO search_blocks (id, segment, postings, positions) VALUES (?, ?, ?, ?)", id, segment, postings, positions); err != nil {
		return fmt.Errorf("write a block of the search index: %w", err)
	}
	return nil
}

func insertSegment(ctx context.Context, tx *store.Tx, id int64, d *dictionary) error {
	if err := store.Exec(ctx, tx, "INSERT INTO search_segments (id, dictionary) VALUES (?, ?)", id, d.encode()); err != nil {
		return fmt.Errorf("write a segment of the search index: %w", err)
	}
	return nil
}

// Flush writes what was collected. It is the last call.
func (w *Writer) Flush(ctx context.Context) error {
	if w.manifest == nil {
		return nil
	}
	if err := w.post(ctx); err != nil {
		return err
	}
	if len(w.removed) > 0 {
		if err := store.ExecSet(ctx, w.tx, "DELETE FROM search_units WHERE id", w.removed); err != nil {
			return fmt.Errorf("write the units of the search index: %w", err)
		}
		w.dirty = true
	}
	if err := w.storeUnits(ctx); err != nil {
		return err
	}
	if len(w.changed) > 0 && !w.posted {
		w.manifest.generation++ // for the stamps
	}
	for _, b := range slices.Sorted(maps.Keys(w.changed)) {
		if err := w.storeBlock(ctx, b); err != nil {
			return err
		}
		w.dirty = true
	}
	if !w.dirty {
		return nil
	}
	if w.manifest.analyser == 0 && w.manifest.building == 0 {
		w.manifest.analyser = indexVersion // the first document of a store
	}
	return writeManifest(ctx, w.tx, w.manifest)
}

func (w *Writer) storeUnits(ctx context.Context) error {
	last := map[domain.ID]storedUnit{}
	for _, s := range w.stored {
		if _, ok := w.units[s.id]; ok {
			last[s.id] = s
		}
	}
	var rows []any
	for _, id := range slices.Sorted(maps.Keys(last)) {
		s := last[id]
		rows = append(rows, int64(s.id), int64(s.owner), int64(s.number), s.hash)
	}
	const columns = 4
	for len(rows) > 0 {
		n := aggregate.BatchSize(len(rows)/columns, columns)
		err := store.ExecLater(ctx, w.tx, "write the units of the search index", "INSERT INTO search_units (id, owner_id, number, hash) VALUES "+
			strings.Repeat("(?, ?, ?, ?), ", n-1)+"(?, ?, ?, ?)"+
			" ON CONFLICT (id) DO UPDATE SET hash = excluded.hash", rows[:n*columns]...)
		if err != nil {
			return fmt.Errorf("write the units of the search index: %w", err)
		}
		rows = rows[n*columns:]
	}
	return nil
}

func (w *Writer) storeBlock(ctx context.Context, block int64) error {
	m := w.manifest
	for int64(len(m.stamps)) <= block {
		m.stamps = append(m.stamps, 0)
	}
	units := w.blocks[block]
	empty := !slices.ContainsFunc(units[:], func(u unitMeta) bool { return u.ID != 0 })
	var err error
	if empty {
		m.stamps[block] = 0
		err = store.ExecLater(ctx, w.tx, "write the units of the search index", "DELETE FROM search_unit_blocks WHERE id = ?", block)
	} else {
		m.stamps[block] = m.generation
		data, links := encodeUnits(units)
		err = store.ExecLater(ctx, w.tx, "write the units of the search index", "INSERT INTO search_unit_blocks (id, data, links) VALUES (?, ?, ?)"+
			" ON CONFLICT (id) DO UPDATE SET data = excluded.data, links = excluded.links", block, data, links)
	}
	if err != nil {
		return fmt.Errorf("write the units of the search index: %w", err)
	}
	return nil
}
