package projection

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/dependency"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/visibility"
)

// Bounds of what is recorded of a step. A greater one changes everything.
const (
	maxStepDocuments = 512
	maxStepKeys      = 8192
)

// storedSteps is for how many entries of the log the steps are stored in live. A process
// that is further behind drops all that it has cached.
const storedSteps = 4096

// pruneSteps is after how many entries of the log older steps are deleted.
const pruneSteps = 64

// Step is what changed from one version of live to the next, for caches of what was read
// from it.
type Step struct {
	// Everything says that anything may have changed.
	Everything bool
	Keys       []ChangedKey
	// moment is the time that its changes have in the history of changes, in microseconds
	// since 1970.
	moment int64
}

// ChangedKey is a key of what changed for viewers of some clearances, and for no others:
// bit c stands for clearance c.
type ChangedKey struct {
	Key        dependency.Key
	Clearances uint8
}

// ChangedFor reports whether the key changed for viewers of a clearance.
func (k ChangedKey) ChangedFor(clearance domain.Marking) bool {
	return k.Clearances&(1<<min(clearance, domain.Red)) != 0
}

// clearancesOf returns the clearances that include one of the markings.
func clearancesOf(markings ...domain.Marking) (clearances uint8) {
	for c := range visibility.Clearances {
		for _, m := range markings {
			if visibility.Includes(domain.Marking(c), m) {
				clearances |= 1 << c
			}
		}
	}
	return clearances
}

// facts are what documents in live are called, and what they refer to.
type facts struct {
	names map[domain.ID]names // of the documents, and of those that they refer to
	refs  map[domain.ID][]domain.ID
}

// names are the slugs of a document and its former ids, and, if it is in live, its effective
// marking.
type names struct {
	slugs   []string
	former  []domain.ID
	live    bool
	marking domain.Marking
}

// factsOf reads the facts of documents that are in live.
func (p *projector) factsOf(ctx context.Context, ids []domain.ID) (facts, error) {
	f := facts{names: map[domain.ID]names{}, refs: map[domain.ID][]domain.ID{}}
	engine := p.tx.Dialect()
	all := map[domain.ID]bool{}
	for t, ids := range aggregate.GroupByType(ids) {
		var queries []string
		var args []any
		for _, id := range ids {
			all[id] = true
		}
		for _, way := range aggregate.ReferrersFrom(t) {
			queries = append(queries, "SELECT d.id, "+way.Column+" FROM "+way.From+" WHERE "+way.Column+" IS NOT NULL AND d.id"+store.InSet(engine))
			args = append(args, store.IDSet(engine, ids))
		}
		if len(queries) == 0 {
			continue
		}
		err := store.QueryRows(ctx, p.tx, strings.Join(queries, " UNION "), args, func(rows *sql.Rows) error {
			var from, to domain.ID
			err := rows.Scan(&from, &to)
			f.refs[from] = append(f.refs[from], to)
			all[to] = true
			return err
		})
		if err != nil {
			return f, fmt.Errorf("read references: %w", err)
		}
	}
	return f, p.readNames(ctx, slices.Collect(maps.Keys(all)), f.names)
}

// readNames reads the names of documents that are in live.
func (p *projector) readNames(ctx context.Context, ids []domain.ID, into map[domain.ID]names) error {
	if len(ids) == 0 {
		return nil
	}
	engine := p.tx.Dialect()
	queries := []string{"SELECT document_id, slug, former_id, CAST(NULL AS bigint) FROM aliases WHERE document_id" + store.InSet(engine)}
	args := []any{store.IDSet(engine, ids)}
	for t, ids := range aggregate.GroupByType(ids) {
		queries = append(queries, "SELECT id, slug, CAST(NULL AS bigint), effective_marking FROM "+aggregate.TableOf(t).Name+" WHERE id"+store.InSet(engine))
		args = append(args, store.IDSet(engine, ids))
	}
	err := store.QueryRows(ctx, p.tx, strings.Join(queries, " UNION ALL "), args, func(rows *sql.Rows) error {
		var id domain.ID
		var slug sql.NullString
		var former, marking sql.NullInt64
		err := rows.Scan(&id, &slug, &former, &marking)
		n := into[id]
		if slug.Valid {
			n.slugs = append(n.slugs, slug.String)
		}
		if former.Valid {
			n.former = append(n.former, domain.ID(former.Int64))
		}
		if marking.Valid {
			n.live, n.marking = true, domain.Marking(marking.Int64)
		}
		into[id] = n
		return err
	})
	if err != nil {
		return fmt.Errorf("read slugs: %w", err)
	}
	return nil
}

// clearances returns those for which the transaction changes the document: what such a
// viewer reads of it, or the marking with which they read it.
func (e *visibilityChange) clearances() (clearances uint8) {
	for c := range visibility.Clearances {
		if e.released || e.propagated[c] || e.before != e.after {
			clearances |= 1 << c
		}
	}
	return clearances & clearancesOf(e.before, e.after)
}

// step returns what the transaction changes. It is called after [projector.record].
func (p *projector) step(ctx context.Context) (Step, error) {
	changed := map[domain.ID]uint8{}
	for id, e := range p.changes {
		if clearances := e.clearances(); clearances != 0 {
			changed[id] = clearances
		}
	}
	if p.before == nil || len(changed) > maxStepDocuments {
		return Step{Everything: true, moment: p.moment}, nil
	}
	ids := slices.Sorted(maps.Keys(changed))
	after, err := p.factsOf(ctx, ids)
	if err != nil {
		return Step{}, err
	}
	keys := map[dependency.Key]uint8{}
	for _, id := range ids {
		keys[dependency.List(id.Type())] |= changed[id]
		keys[dependency.Document(id)] |= changed[id]
		for _, f := range []facts{*p.before, after} {
			for _, slug := range f.names[id].slugs {
				keys[dependency.Name(id.Type(), slug)] |= changed[id]
			}
			for _, former := range f.names[id].former {
				keys[dependency.Document(former)] |= changed[id]
			}
			for _, to := range f.refs[id] {
				p.addReferring(keys, id.Type(), to, f.names[to], changed[id])
			}
		}
	}
	if len(keys) > maxStepKeys {
		return Step{Everything: true, moment: p.moment}, nil
	}
	step := Step{moment: p.moment}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if keys[key] != 0 {
			step.Keys = append(step.Keys, ChangedKey{key, keys[key]})
		}
	}
	return step, nil
}

// addReferring adds the keys of the documents of a type that refer to a document, for
// those of the clearances that may see the latter before or after the transaction.
func (p *projector) addReferring(keys map[dependency.Key]uint8, t domain.Type, to domain.ID, called names, clearances uint8) {
	var visible uint8
	if called.live {
		visible = clearancesOf(called.marking)
	}
	if e := p.changes[to]; e != nil {
		visible |= clearancesOf(e.before, e.after)
	}
	if clearances &= visible; clearances == 0 {
		return
	}
	keys[dependency.Referring(t, to)] |= clearances
	for _, former := range called.former {
		keys[dependency.Referring(t, former)] |= clearances
	}
	for _, slug := range called.slugs {
		keys[dependency.ReferringToName(t, to.Type(), slug)] |= clearances
	}
}

// The first byte of an encoded step.
const (
	stepOfKeys       = 1
	stepOfEverything = 2
)

// stepHead is the size of the beginning of an encoded step: the first byte, and the moment.
const stepHead = 1 + 8

// keySize is the size of an encoded key: the key, and the clearances.
const keySize = 8 + 1

func (s Step) encode() []byte {
	b := make([]byte, 0, stepHead+keySize*len(s.Keys))
	kind := byte(stepOfKeys)
	if s.Everything {
		kind = stepOfEverything
	}
	b = binary.BigEndian.AppendUint64(append(b, kind), uint64(s.moment))
	for _, k := range s.Keys {
		b = append(binary.BigEndian.AppendUint64(b, uint64(k.Key)), k.Clearances)
	}
	return b
}

// decodeStep returns a stored step. One that it cannot read changes everything.
func decodeStep(b []byte) Step {
	if len(b) < stepHead || len(b[stepHead:])%keySize != 0 {
		return Step{Everything: true}
	}
	step := Step{Everything: b[0] != stepOfKeys, Keys: make([]ChangedKey, 0, len(b)/keySize), moment: int64(binary.BigEndian.Uint64(b[1:]))}
	for b := range slices.Chunk(b[stepHead:], keySize) {
		step.Keys = append(step.Keys, ChangedKey{dependency.Key(binary.BigEndian.Uint64(b)), b[8]})
	}
	return step
}

// writeStep stores what the transaction changes, from one version of live to the next.
func (p *projector) writeStep(ctx context.Context, from, to Version) error {
	step, err := p.step(ctx)
	if err != nil {
		return err
	}
	// Steps of a live that was lost are replaced; those after them have no predecessor.
	err = store.Exec(ctx, p.tx, "INSERT INTO live_steps (id, at, previous, previous_at, keys) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE"+
		" SET at = excluded.at, previous = excluded.previous, previous_at = excluded.previous_at, keys = excluded.keys",
		to.Sequence, to.AppliedAt.UnixMicro(), from.Sequence, from.AppliedAt.UnixMicro(), step.encode())
	if err != nil {
		return fmt.Errorf("store what a release changed: %w", err)
	}
	if from.Sequence/pruneSteps == to.Sequence/pruneSteps {
		return nil
	}
	if err := store.Exec(ctx, p.tx, "DELETE FROM live_steps WHERE id < ? OR id > ?", to.Sequence-storedSteps, to.Sequence); err != nil {
		return fmt.Errorf("delete old steps: %w", err)
	}
	return nil
}

// forgetSteps deletes all steps, after which anything may have changed.
func (p *projector) forgetSteps(ctx context.Context) error {
	if err := store.Exec(ctx, p.tx, "DELETE FROM live_steps"); err != nil {
		return fmt.Errorf("delete old steps: %w", err)
	}
	return nil
}

// readSteps returns the steps from one version of live to another, in order; nil where
// they are not all known.
func (l *Live) readSteps(ctx context.Context, from, to Version) ([]Step, error) {
	var steps []Step
	at, moment := from.Sequence, from.AppliedAt.UnixMicro()
	broken := false
	err := store.QueryRows(ctx, l.stores.LiveRows(), "SELECT id, at, previous, previous_at, keys FROM live_steps WHERE id > ? AND id <= ? ORDER BY id",
		[]any{from.Sequence, to.Sequence}, func(rows *sql.Rows) error {
			var id, idAt, previous, previousAt int64
			var keys []byte
			if err := rows.Scan(&id, &idAt, &previous, &previousAt, &keys); err != nil {
				return err
			}
			broken = broken || previous != at || previousAt != moment
			at, moment = id, idAt
			steps = append(steps, decodeStep(keys))
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("read what changed in live: %w", err)
	}
	if broken || at != to.Sequence || moment != to.AppliedAt.UnixMicro() {
		return nil, nil
	}
	return steps, nil
}

// rememberedSteps is how many steps a process has in memory.
const rememberedSteps = 256

// versionStep is a step with the version that it begins at.
type versionStep struct {
	from Version
	Step
}

// Steps returns what changed in live since a version, in order, and the version that
// this process read last. ok is false where that is not known.
func (l *Live) Steps(since Version) (steps []Step, now Version, ok bool) {
	l.versions.mu.RLock()
	defer l.versions.mu.RUnlock()
	v := &l.versions
	if v.last.Same(since) {
		return nil, v.last, true
	}
	for i, s := range v.steps {
		if s.from.Same(since) {
			for _, s := range v.steps[i:] {
				steps = append(steps, s.Step)
			}
			return steps, v.last, true
		}
	}
	return nil, v.last, false
}
