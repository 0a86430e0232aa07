package editorial

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// PurgeParams names documents in the trash ("type:slug" or id).
type PurgeParams struct {
	Documents []string
}

// maxPurged bounds the documents of one purge.
const maxPurged = 1000

// Purge deletes documents in the trash for good, with their revisions, and
// returns their ids. The publication log keeps the fact that they were published,
// and not their content. Their ids are never used again; their slugs are free
// again. Needs the right PURGE.
//
// Errors: KindInvalid for what is not in the trash; KindConflict where another
// document, also one in the trash, still refers to one of them. On any error
// nothing is purged.
func (d *Desk) Purge(ctx context.Context, params PurgeParams) ([]domain.ID, error) {
	var purged []domain.ID
	_, err := d.withTx(ctx, domain.PurgeTrash, func(ctx context.Context, e *editTx) (err error) {
		if purged, err = e.purge(ctx, params); err != nil {
			return err
		}
		return e.record(ctx, audit.Entry{Action: audit.Purge, Documents: purged})
	})
	if err != nil {
		return nil, err
	}
	// Live may lag behind: snapshots that it has not applied yet are gone now. The
	// projector handles missing snapshots.
	return purged, nil
}

func (e *editTx) purge(ctx context.Context, params PurgeParams) ([]domain.ID, error) {
	var p domain.Problems
	if n := len(params.Documents); n == 0 || n > maxPurged {
		p.Add("documents", "name from 1 to %d documents", maxPurged)
		return nil, p.Err("nothing was purged")
	}
	var ids []domain.ID
	for i, name := range params.Documents {
		path := fmt.Sprintf("documents[%d]", i)
		t, text, ok := aggregate.ParseName(name)
		if !ok {
			p.Add(path, "%q names no document: want an id, or a type and a slug as in \"report:harbour-cranes\"", aggregate.Clip(name))
			continue
		}
		id, err := inTrash(ctx, e.tx, t, text)
		if err != nil {
			return nil, err
		}
		if id == 0 {
			p.Add(path, "there is no %s in the trash that is called %q", t, aggregate.Clip(text))
		} else if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if err := p.Err("nothing was purged"); err != nil {
		return nil, err
	}
	if err := e.refuseWhileReferenced(ctx, ids); err != nil {
		return nil, err
	}
	if err := e.tx.CountDocuments(len(ids)); err != nil {
		return nil, err
	}
	set := store.IDSet(e.tx.Dialect(), ids)
	for _, from := range []string{"revisions WHERE document_id", "aliases WHERE document_id", "mentions WHERE document_id", "name_keys WHERE document_id"} {
		if _, err := e.tx.Exec(ctx, store.Bind(e.tx.Dialect(), "DELETE FROM "+from+store.InSet(e.tx.Dialect())), set); err != nil {
			return nil, fmt.Errorf("purge: %w", err)
		}
	}
	byType := aggregate.GroupByType(ids)
	// A document is deleted before those that it may refer to.
	for _, t := range slices.Backward(aggregate.LogOrder()) {
		if err := aggregate.DeleteOwned(ctx, e.tx, aggregate.TableOf(t), byType[t]); err != nil {
			return nil, err
		}
		if err := aggregate.DeleteByID(ctx, e.tx, aggregate.TableOf(t).Name, byType[t]); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// refuseWhileReferenced returns KindConflict if a document that is not being purged
// refers to one that is.
func (e *editTx) refuseWhileReferenced(ctx context.Context, ids []domain.ID) error {
	var references []string
	for _, id := range ids {
		referrerIDs, err := referrers(ctx, e.tx, id)
		if err != nil {
			return err
		}
		// A text that names it would name the next document with its slug.
		named, err := textsNaming(ctx, e.tx, id)
		if err != nil {
			return err
		}
		referrerIDs = append(referrerIDs, named...)
		slices.Sort(referrerIDs)
		referrerIDs = slices.Compact(referrerIDs)
		for _, referrer := range referrerIDs {
			if slices.Contains(ids, referrer) {
				continue
			}
			metas, err := aggregate.ReadMeta(ctx, e.tx, []domain.ID{referrer, id})
			if err != nil {
				return err
			}
			references = append(references, fmt.Sprintf("%s by %s", metas[id].Name(), metas[referrer].Name()))
		}
	}
	if len(references) > 0 {
		return domain.Conflict("documents that stay, in the trash or out of it, refer to what is to be purged: %s", strings.Join(references, ", "))
	}
	return nil
}
