package editorial

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// platformKind is the kind of the entities where something can be observed.
const platformKind = "PLATFORM"

// seenOn returns the names of some narratives of the desk with observations on a platform.
func (e *editTx) seenOn(ctx context.Context, platform domain.ID) (string, error) {
	ids, err := store.QueryIDs(ctx, e.tx, "SELECT DISTINCT n.id FROM observations o JOIN narratives n ON n.id = o.narrative_id"+
		" WHERE o.platform_id = ? AND n.deleted_at IS NULL ORDER BY n.id LIMIT 3", int64(platform))
	if err != nil {
		return "", fmt.Errorf("look for observations on a platform: %w", err)
	}
	metas, err := aggregate.ReadMeta(ctx, e.tx, ids)
	if err != nil {
		return "", err
	}
	var all []*aggregate.Meta
	for _, id := range ids {
		all = append(all, metas[id])
	}
	return namesOfSome(all), nil
}

// seenOnInLive returns the narratives in live with observations on entities, as they are there, by entity.
func seenOnInLive(ctx context.Context, db store.Rows, entities []domain.ID) (map[domain.ID][]*aggregate.Meta, error) {
	if len(entities) == 0 {
		return nil, nil
	}
	ids, err := store.QueryIDs(ctx, db, "SELECT DISTINCT r.document_id FROM live_references r JOIN narratives n ON n.id = r.document_id"+
		" WHERE NOT r.mention AND r.target_id"+store.InSet(db.Dialect())+" ORDER BY r.document_id", store.IDSet(db.Dialect(), entities))
	if err != nil {
		return nil, fmt.Errorf("find narratives in live: %w", err)
	}
	seen := map[domain.ID][]*aggregate.Meta{}
	for batch := range slices.Chunk(ids, aggregate.MaxBatch) {
		metas, roots, err := liveRoots(ctx, db, batch)
		if err != nil {
			return nil, err
		}
		for _, id := range batch {
			for _, platform := range platformsOf(roots[id]) {
				if slices.Contains(entities, platform) {
					seen[platform] = append(seen[platform], metas[id])
				}
			}
		}
	}
	return seen, nil
}

// liveRoots returns documents as they are in live, and their bookkeeping. Those that are not live have no root.
func liveRoots(ctx context.Context, db store.Rows, ids []domain.ID) (map[domain.ID]*aggregate.Meta, map[domain.ID]*aggregate.Row, error) {
	metas, err := aggregate.ReadMeta(ctx, db, ids)
	if err != nil {
		return nil, nil, err
	}
	numbers := map[domain.ID]int{}
	for id, meta := range metas {
		if meta.IsLive() {
			numbers[id] = meta.LiveVersion
		}
	}
	snaps, err := aggregate.ReadRevisions(ctx, db, numbers)
	if err != nil {
		return nil, nil, err
	}
	roots := map[domain.ID]*aggregate.Row{}
	for id, snap := range snaps {
		roots[id] = snap.Root
	}
	return metas, roots, nil
}

// platformsOf returns what a narrative has observations on, each once; none without a narrative.
func platformsOf(narrative *aggregate.Row) []domain.ID {
	if narrative == nil {
		return nil
	}
	var ids []domain.ID
	for _, o := range narrative.Owned["observations"] {
		if id := o.Ref("platform_id"); id != 0 && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// checkPlatforms refuses to make what observations are on something that is no platform, on the desk or in live.
func (m *entityMerge) checkPlatforms(ctx context.Context, loaded, live map[domain.ID]*aggregate.Row) error {
	isPlatform := func(root *aggregate.Row) bool { return root != nil && root.Text("kind") == platformKind }
	if into := loaded[m.into.ID]; into != nil && !isPlatform(into) {
		for _, id := range m.order {
			if !isPlatform(loaded[id]) {
				continue
			}
			narratives, err := m.seenOn(ctx, id)
			if err != nil {
				return err
			}
			if narratives != "" {
				m.conflict(m.paths[id], "it is a %s and observations are on it: %s", platformKind, narratives)
			}
		}
	}
	if into := live[m.into.ID]; into == nil || isPlatform(into) {
		return nil
	}
	seen, err := seenOnInLive(ctx, m.tx, slices.DeleteFunc(slices.Clone(m.order), func(id domain.ID) bool { return !isPlatform(live[id]) }))
	if err != nil {
		return err
	}
	for _, id := range m.order {
		if len(seen[id]) > 0 {
			m.conflict(m.paths[id], "in live it is a %s and observations are on it: %s", platformKind, namesOfSome(seen[id]))
		}
	}
	return nil
}

// namesOfSome returns the names of the first of some documents.
func namesOfSome(all []*aggregate.Meta) string {
	var names []string
	for _, meta := range all[:min(len(all), 3)] {
		names = append(names, meta.Name())
	}
	return strings.Join(names, ", ")
}

// checkPlatforms refuses a release after which a narrative in live would have observations on what is no platform there: the desk and
// live can differ in either of the two.
func (pl *releasePlan) checkPlatforms(ctx context.Context, db store.Rows, p *domain.Problems) error {
	var others []domain.ID // what the release publishes as something else, and may be a platform in live
	for _, id := range pl.set {
		if kind, ok := pl.kinds[id]; ok && kind != platformKind && pl.metas[id].IsLive() {
			others = append(others, id)
		}
	}
	if len(others) > 0 {
		var err error
		if others, err = store.QueryIDs(ctx, db, "SELECT DISTINCT r.target_id FROM live_references r JOIN narratives n ON n.id = r.document_id"+
			" WHERE NOT r.mention AND r.target_id"+store.InSet(db.Dialect())+" ORDER BY r.target_id", store.IDSet(db.Dialect(), others)); err != nil {
			return fmt.Errorf("find what narratives in live refer to: %w", err)
		}
	}
	var here []domain.ID // what narratives of the release have observations on, and may be something else in live
	for _, id := range pl.set {
		for _, platform := range pl.seenOn[id] {
			_, published := pl.kinds[platform]
			meta := pl.metas[platform]
			if !published && meta != nil && meta.IsLive() && meta.IsPending() && !pl.unpublishing[platform] && !slices.Contains(here, platform) {
				here = append(here, platform)
			}
		}
	}
	_, live, err := liveRoots(ctx, db, slices.Concat(others, here))
	if err != nil {
		return err
	}
	others = slices.DeleteFunc(others, func(id domain.ID) bool { return live[id] == nil || live[id].Text("kind") != platformKind })
	seen, err := seenOnInLive(ctx, db, others)
	if err != nil {
		return err
	}
	for _, id := range others {
		left := slices.DeleteFunc(seen[id], func(n *aggregate.Meta) bool { return pl.unpublishing[n.ID] || slices.Contains(pl.set, n.ID) })
		if len(left) > 0 {
			p.Add(pl.paths[id], "%s is no longer a %s, and in live observations are on it: publish or unpublish %s as well",
				pl.metas[id].Name(), platformKind, namesOfSome(left))
		}
	}
	for _, id := range pl.set {
		for _, platform := range pl.seenOn[id] {
			if root := live[platform]; slices.Contains(here, platform) && root != nil && root.Text("kind") != platformKind {
				p.Add(pl.paths[id], "%s has observations on %s, which in live is a %s: publish that as well",
					pl.metas[id].Name(), pl.metas[platform].Name(), root.Text("kind"))
			}
		}
	}
	return nil
}
