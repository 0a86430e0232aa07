package app

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
)

// testedPostgres is the earliest version of PostgreSQL on which the tests run.
const testedPostgres = 150000

// checkEngine looks at the database server: its version, its locale, and whether a backup is being put back.
func (e *examination) checkEngine(ctx context.Context) {
	version, err := e.stores.ServerVersion(ctx)
	if err != nil {
		e.failed(ctx, "stores", err)
		return
	}
	if restoring, err := e.stores.Restoring(ctx); err != nil {
		e.failed(ctx, "stores", err)
	} else if restoring {
		e.problem("stores", "wait for \"redthread restore\"; if it was stopped, run it again with the same backup", "a backup is being put back, or was until the command was stopped")
	}
	if version == 0 {
		return // SQLite has no locale
	}
	if version < testedPostgres {
		e.warn("version", "upgrade to PostgreSQL 15 or later", "this version of PostgreSQL is older than those that Redthread is tested with")
		return
	}
	l, err := e.stores.Locale(ctx)
	switch {
	case err != nil:
		e.failed(ctx, "locale", err)
	case l.Stored != l.Actual && l.Actual != "":
		e.warn("locale", "run REINDEX DATABASE, and then ALTER DATABASE … REFRESH COLLATION VERSION",
			"the database was made with version %s of its collation, and the system has %s now", l.Stored, l.Actual)
	default:
		e.ok("locale", "%s, %s", l.Encoding, l.Ctype)
	}
}

// checkIntegrity reads both stores whole, as far as the engine can be asked to.
func (e *examination) checkIntegrity(ctx context.Context) {
	const check = "integrity"
	if version, err := e.stores.ServerVersion(ctx); err == nil && version > 0 {
		e.checkPostgresIntegrity(ctx)
		return
	}
	if e.input.quick {
		return
	}
	if err := e.stores.CheckIntegrity(ctx); err != nil {
		e.problem(check, doRestore, "%s", oneLine(err))
		return
	}
	e.ok(check, "desk.db and live.db are whole, and their foreign keys hold")
}

func (e *examination) checkPostgresIntegrity(ctx context.Context) {
	const check = "integrity"
	found, err := e.stores.CheckPostgres(ctx, !e.input.quick)
	if err != nil {
		e.failed(ctx, check, err)
		return
	}
	switch {
	case len(found.Damaged) > 0:
		e.problem(check, "check the disk, and REINDEX each; if that fails, restore a backup", "%s", firstFew(found.Damaged))
	case found.Failures > 0:
		e.problem(check, "check the disk of the server, and restore a backup", "%d pages had a wrong checksum, the last at %s", found.Failures, found.LastFailure.UTC().Format(time.RFC3339))
	default:
		checksums, trees := "the server has no checksums of pages", "amcheck is not there, so indexes were not compared with their structure"
		if found.Checksums {
			checksums = "no page had a wrong checksum"
		}
		if found.Indexes > 0 {
			trees = fmt.Sprintf("amcheck found %d indexes whole", found.Indexes)
		} else if e.input.quick {
			trees = "indexes were not looked through"
		}
		e.ok(check, "%s; %s", checksums, trees)
	}
}

const (
	// maxClockOffset is how far the clock of the database may be from this machine's without a warning. Schedules and leases
	// compare the two.
	maxClockOffset = 5 * time.Second
	// maxClockBehind is how far the clock may be behind the newest entry of the log: another process wrote it by its own.
	maxClockBehind = 5 * time.Second
)

// checkClock compares the clock with that of the database, and with the newest entry of the publication log.
func (e *examination) checkClock(ctx context.Context) {
	const check, do = "clock", "set the clock, and keep it right with NTP"
	offset, err := e.stores.ClockOffset(ctx, e.now)
	if err != nil {
		e.failed(ctx, check, err)
		return
	}
	newest, err := projection.LastEntryAt(ctx, e.stores.DeskRows())
	switch behind := newest.Sub(e.now()); {
	case err == nil && behind > maxClockBehind:
		e.problem(check, do+"; until it is past that time, what is published gets times in the wrong order", "the clock is %s behind the last entry of the publication log", behind.Round(time.Second))
	case offset.Abs() > time.Minute:
		e.problem(check, do+" on both machines", "%s", offsetText(offset))
	case offset.Abs() > maxClockOffset:
		e.warn(check, do+" on both machines", "%s", offsetText(offset))
	default:
		e.ok(check, "%s", e.now().UTC().Format(time.RFC3339))
	}
}

func offsetText(offset time.Duration) string {
	direction := "ahead of"
	if offset < 0 {
		direction = "behind"
	}
	return fmt.Sprintf("the clock of the database is %s %s this machine's", offset.Abs().Round(time.Second), direction)
}

// checkWork looks at what runs later: jobs, schedules, webhooks and the pause.
func (e *examination) checkWork(ctx context.Context) {
	const check = "work"
	before := len(e.found)
	if p, err := newPause(ctx, false, e.stores, e.log); err != nil {
		e.failed(ctx, check, err)
	} else if p.active() {
		e.warn(check, "look at the schedules and webhooks, and run \"redthread resume\"", "the stores were restored or loaded, and servers on them are paused")
	}
	jobs, err := e.stores.OverdueJobs(ctx)
	if err != nil {
		e.failed(ctx, check, err)
	}
	for _, j := range jobs {
		if j.Discarded {
			e.warn(check, "look for the cause in the log of the server", "%s of the kind %s were given up after all their attempts", domain.Count(j.Count, "job", "jobs"), j.Kind)
		} else {
			e.warn(check, "start a server, or look for the cause in its log", "%s of the kind %s have been due for more than a day", domain.Count(j.Count, "job", "jobs"), j.Kind)
		}
	}
	failed, err := e.countRows(ctx, "SELECT count(*) FROM schedules WHERE status = 'FAILED'")
	if err != nil {
		e.failed(ctx, check, err)
	} else if failed > 0 {
		e.warn(check, "read schedules(statuses: [FAILED]), which says why", "%s failed", domain.Count(failed, "schedule has", "schedules have"))
	}
	e.checkWebhooks(ctx, check)
	if len(e.found) == before {
		e.ok(check, "no job waits for long, no schedule has failed, and no webhook is disabled but by a person")
	}
}

// checkWebhooks looks for webhooks that were disabled by something else than a person: a receiver that fails, or an owner
// without the right.
func (e *examination) checkWebhooks(ctx context.Context, check string) {
	const shown = 3
	disabled := 0
	err := store.QueryRows(ctx, e.stores.DeskRows(), "SELECT id, reason FROM webhooks WHERE state = 'DISABLED' AND reason IS NOT NULL AND reason NOT LIKE 'disabled by %' ORDER BY id", nil, func(rows *sql.Rows) error {
		var id domain.ID
		var reason string
		if err := rows.Scan(&id, &reason); err != nil {
			return err
		}
		if disabled++; disabled <= shown {
			e.warn(check, "when that is mended, enable it: updateWebhook(input: {id, enabled: true})", "the webhook %s is disabled: %s", id, strconv.Quote(reason))
		}
		return nil
	})
	if err != nil {
		e.failed(ctx, check, err)
	} else if disabled > shown {
		e.warn(check, "read webhooks { nodes { id state reason } }", "%s disabled", domain.Count(disabled-shown, "more webhook is", "more webhooks are"))
	}
}

func (e *examination) countRows(ctx context.Context, query string) (n int, err error) {
	err = store.QueryRows(ctx, e.stores.DeskRows(), query, nil, func(rows *sql.Rows) error { return rows.Scan(&n) })
	return n, err
}
