package search

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// maintainEvery is how often the indexes are looked at: a statement each, as long as nothing was written.
const maintainEvery = 2 * time.Second

// Run builds indexes that are due, and merges, until ctx ends. It is not a job of the queue: its work follows from
// the index itself, so that nothing is lost when a process ends in the middle, and the next look does the rest. An error is logged,
// and the index is looked at again a minute later.
func (m *Maintenance) Run(ctx context.Context, log *slog.Logger) error {
	tick := time.NewTicker(maintainEvery)
	defer tick.Stop()
	seen := make([]int64, len(m.targets)) // versions after the last look
	failed := make([]time.Time, len(m.targets))
	for {
		for i, t := range m.targets {
			if t.now().Sub(failed[i]) < time.Minute {
				continue
			}
			version, err := t.maintain(ctx, log, seen[i])
			switch {
			case ctx.Err() != nil:
				return nil
			case errors.Is(err, errMerging):
			case err != nil:
				log.ErrorContext(ctx, "the search index was not maintained", "store", t.name, "error", err)
				failed[i] = t.now()
			default:
				seen[i] = version
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// Due does once what [Maintenance.Run] does.
func (m *Maintenance) Due(ctx context.Context, log *slog.Logger) error {
	for _, t := range m.targets {
		if _, err := t.maintain(ctx, log, 0); err != nil {
			return err
		}
	}
	return nil
}

// maintain looks at an index, unless it has the version seen, and returns its version.
func (t *target) maintain(ctx context.Context, log *slog.Logger, seen int64) (int64, error) {
	version, err := t.version(ctx)
	if err != nil || version == seen {
		return version, err
	}
	_, m, err := readManifest(ctx, plainRows{t.rows()})
	if err != nil || m == nil {
		return version, err
	}
	if m.building != 0 {
		of, done, err := t.documents(ctx)
		if err != nil {
			return 0, err
		}
		log.InfoContext(ctx, "the search index is being built", "store", t.name, "done", done, "documents", of)
		logged := t.now()
		if err := t.reindex(ctx, func(n int) {
			if done += n; t.now().Sub(logged) > 10*time.Second {
				logged = t.now()
				log.InfoContext(ctx, "the search index is being built", "store", t.name, "done", done, "documents", of)
			}
		}); err != nil {
			return 0, err
		}
		log.InfoContext(ctx, "the search index is complete", "store", t.name)
	}
	if err := t.merge(ctx); err != nil {
		return 0, err
	}
	return t.version(ctx)
}

func (t *target) version(ctx context.Context) (version int64, err error) {
	err = plainRows{t.rows()}.read(ctx, "SELECT version FROM search_state WHERE id = 1", 1, nil, func(n int64, _ []byte) error {
		version = n
		return nil
	})
	return version, err
}
