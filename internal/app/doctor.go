package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/search"
	"github.com/redthread-api/redthread/internal/store"
)

// The states of findings, from the best to the worst.
const (
	findingOK      = "ok"
	findingWarning = "warning" // it works, and someone should look at it
	findingProblem = "problem" // something is lost, wrong or does not work
)

// finding is what one check of the doctor found.
type finding struct {
	Check string `json:"check"`
	State string `json:"state"`
	Found string `json:"found"`
	Do    string `json:"do,omitempty"` // what to do about it
}

// doctorInput are the flags of doctor.
type doctorInput struct {
	json    bool
	quick   bool
	full    bool
	backups string
}

func (p *program) doctorCommand() *cobra.Command {
	var input doctorInput
	doctor := &cobra.Command{
		Use:   "doctor",
		Short: "Examine the stores and the machine, and say what to do",
		Long: `Examine the stores and the machine, and say what to do about what is wrong.

It looks at the integrity of both stores, the publication log, live against it, indexes, migrations,
the search indexes, the locale of PostgreSQL, disk space, files and their modes, the clock, open files, work
that waits or has failed, and, where mail is configured, the DNS. It changes nothing, and works while servers
run and where there is none. Give it the settings of the server, as flags or variables.

The content of 1000 documents of live is compared with their revisions; of all with --full. --quick leaves out
what reads a whole store. --backups says how old the newest backup of a folder is.

The exit code is 1 if there is a problem, and 0 otherwise, also with warnings.`,
		Example: `  redthread doctor --data /var/lib/redthread --backups /var/backups
  redthread doctor --json --quick`,
		GroupID: groupOperate,
		Args:    exactly(),
		RunE: p.run(slog.LevelError, func(ctx context.Context, log *slog.Logger, _ []string) error {
			if input.quick && input.full {
				return badUsage("--quick and --full: want one of them")
			}
			return p.doctor(ctx, log, input)
		}),
	}
	f := doctor.Flags()
	p.config.commonFlags(f)
	p.config.Mail.flags(f)
	f.BoolVar(&input.json, "json", false, "print JSON")
	f.BoolVar(&input.quick, "quick", false, "leave out what reads a whole store")
	f.BoolVar(&input.full, "full", false, "compare all documents of live with their revisions, and not 1000")
	f.StringVar(&input.backups, "backups", "", "`folder` or s3://BUCKET/PREFIX/ of backups, to see how old the newest is")
	return doctor
}

func (p *program) doctor(ctx context.Context, log *slog.Logger, input doctorInput) error {
	e := &examination{program: p, input: input, log: log}
	e.run(ctx)
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	if err := e.print(); err != nil {
		return err
	}
	switch n := e.count(findingProblem); n {
	case 0:
		return nil
	case 1:
		return errors.New("there is 1 problem")
	default:
		return fmt.Errorf("there are %d problems", n)
	}
}

// examination is one run of the doctor.
type examination struct {
	*program
	input doctorInput
	log   *slog.Logger
	found []finding

	stores *store.Stores // nil: they could not be opened
	live   *projection.Live
	// liveMissing says that there is a desk and no file of live.
	liveMissing bool
}

func (e *examination) ok(check, format string, args ...any) {
	e.found = append(e.found, finding{Check: check, State: findingOK, Found: fmt.Sprintf(format, args...)})
}

func (e *examination) warn(check, do, format string, args ...any) {
	e.found = append(e.found, finding{Check: check, State: findingWarning, Found: fmt.Sprintf(format, args...), Do: do})
}

func (e *examination) problem(check, do, format string, args ...any) {
	e.found = append(e.found, finding{Check: check, State: findingProblem, Found: fmt.Sprintf(format, args...), Do: do})
}

// failed adds an error with which a check could not be made.
func (e *examination) failed(ctx context.Context, check string, err error) {
	switch {
	case ctx.Err() != nil:
	case errors.Is(err, store.ErrDamaged):
		e.problem(check, doRestore, "it could not be checked: %s", oneLine(err))
	default:
		e.problem(check, "see whether the store answers, and run this again", "it could not be checked: %s", oneLine(err))
	}
}

const doRestore = "stop the server, check the disk, and restore a backup; a damaged live alone can be deleted and is made anew"

// oneLine returns the text of an error for an operator. Errors of drivers can have several lines.
func oneLine(err error) string { return strings.Join(strings.Fields(domain.Detail(err)), " ") }

func (e *examination) count(state string) (n int) {
	for _, f := range e.found {
		if f.State == state {
			n++
		}
	}
	return n
}

// run makes all checks that can be made.
func (e *examination) run(ctx context.Context) {
	e.ok("version", "%s", version())
	e.checkHandles()
	e.checkFiles()
	e.checkSpace()
	if e.open(ctx) {
		e.examineStores(ctx)
		if err := e.close(); err != nil {
			e.failed(ctx, "stores", err)
		}
	}
	e.checkBackups(ctx)
	e.checkMail(ctx)
}

// open opens the stores without changing anything. It reports whether there are any that can be examined.
func (e *examination) open(ctx context.Context) bool {
	if err := e.config.mustExist(); err != nil {
		e.problem("stores", "set --data or --desk-dsn as the server has it", "%s", oneLine(err))
		return false
	}
	c := e.config.stores(e.log)
	stores, err := store.Inspect(ctx, c)
	if err != nil && c.LiveDSN != "" {
		without := c
		without.LiveDSN = ""
		if primary, failure := store.Inspect(ctx, without); failure == nil {
			e.problem("replica", "start the server of --live-dsn, or take the setting away", "live cannot be read from --live-dsn: %s", oneLine(err))
			stores, err = primary, nil
		}
	}
	if err != nil {
		e.problem("stores", "start the database, and check --desk-dsn", "%s: %s", e.config.location(), oneLine(err))
		return false
	}
	e.stores, e.live = stores, projection.New(stores, e.log, e.now)
	return true
}

func (e *examination) close() error {
	e.live.Close()
	return e.stores.Close()
}

// examineStores makes the checks that need the stores. Where the schema is not this binary's, those that read its
// tables are left out.
func (e *examination) examineStores(ctx context.Context) {
	engine, err := e.stores.EngineVersion(ctx)
	if err != nil {
		e.failed(ctx, "stores", err)
		return
	}
	e.ok("stores", "%s: %s", engine, e.config.location())
	e.checkEngine(ctx)
	if e.liveMissing {
		return // the finding about the files says what to do first
	}
	e.checkIntegrity(ctx)
	e.checkClock(ctx)
	if !e.checkMigrations(ctx) {
		return
	}
	e.checkLog(ctx)
	e.checkLive(ctx)
	e.checkReplica(ctx)
	e.checkIndexes(ctx)
	e.checkSearch(ctx)
	e.checkWork(ctx)
}

// checkMigrations reports whether both stores have the schema of this binary.
func (e *examination) checkMigrations(ctx context.Context) bool {
	const check = "migrations"
	steps, err := e.stores.Migrations(ctx)
	if errors.Is(err, domain.ErrConflict) {
		e.problem(check, "use the newer binary, or restore a backup of before it", "%s", oneLine(err))
		return false
	}
	if err != nil {
		e.failed(ctx, check, err)
		return false
	}
	pending := 0
	for _, m := range steps {
		if m.Applied.IsZero() {
			pending++
		}
	}
	switch pending {
	case 0:
	case len(steps):
		e.problem(check, "set --data or --desk-dsn as the server has it, or run \"redthread migrate up\" to make new stores", "there are no stores of Redthread in %s", e.config.location())
		return false
	default:
		e.problem(check, "run \"redthread migrate up\", or start the server with this binary", "%d of %d are pending: the stores are older than this binary", pending, len(steps))
		return false
	}
	current, err := e.stores.SortKeysCurrent(ctx)
	switch {
	case err != nil:
		e.failed(ctx, check, err)
	case !current:
		e.warn(check, "run \"redthread migrate up\"", "all %d are applied, but the keys that order names are of another version", len(steps))
	default:
		e.ok(check, "all %d are applied", len(steps))
	}
	return true
}

// checkLog looks through the publication log.
func (e *examination) checkLog(ctx context.Context) {
	const check = "log"
	log, err := projection.CheckLog(ctx, e.stores.DeskRows())
	switch {
	case err != nil:
		e.failed(ctx, check, err)
	case len(log.Problems) > 0:
		e.problem(check, "restore a backup: what is missing cannot be made anew", "the publication log is not whole: %s", strings.Join(log.Problems, "; "))
	case log.Identity == "" && log.Entries > 0:
		e.warn(check, "start the server, which gives it one", "the publication log has %d entries and no identity", log.Entries)
	case log.Reordered > 0:
		e.warn(check, "keep the machine's clock right, with NTP; the order of the log is that of its numbers, so nothing else is to be done",
			"the publication log has %d entries without a gap; %d of them have an earlier time than the one before", log.Entries, log.Reordered)
	default:
		e.ok(check, "the publication log has %s without a gap", domain.Count(int(log.Entries), "entry", "entries"))
	}
}

// sampledDocuments is how many documents of live are compared with their revisions without --full.
const sampledDocuments = 1000

// checkLive compares live with the publication log.
func (e *examination) checkLive(ctx context.Context) {
	const check, rebuild = "live", "run \"redthread rebuild-live\""
	lag, err := e.live.Lag(ctx)
	if errors.Is(err, domain.ErrConflict) {
		e.problem(check, "see whether this is the right desk, with all that was published; if it is not, restore its backup, and if it is, "+rebuild+
			", which removes from live what this desk has not published", "%s", oneLine(err))
		return
	}
	if err != nil {
		e.failed(ctx, check, err)
		return
	}
	switch incomplete, err := e.live.Incomplete(ctx); {
	case err != nil:
		e.failed(ctx, check, err)
		return
	case incomplete:
		e.problem(check, "nothing while \"redthread rebuild-live\" or the start of a server makes it; otherwise run one of them again: it goes on where it was",
			"live was lost, and is not complete: readers are refused until it is made anew")
		return
	}
	if lag > 0 {
		e.warn(check, "nothing, if a server runs and the next look finds it gone; otherwise start one, and read its log", "live is %s behind the publication log", domain.Count(int(lag), "entry", "entries"))
	}
	if e.input.quick {
		if lag == 0 {
			e.ok(check, "live has all of the publication log")
		}
		return
	}
	sample := sampledDocuments
	if e.input.full {
		sample = 0
	}
	c, err := e.live.Compare(ctx, sample)
	switch {
	case errors.Is(err, projection.ErrMoved):
		e.warn(check, "run this again when less is published", "live changed too often to be compared")
	case err != nil:
		e.failed(ctx, check, err)
	case !c.Same():
		e.problem(check, rebuild, "live is not what the publication log says: %s", differences(c))
	case c.Rebuilding:
		e.warn(check, rebuild+" again: it goes on where it was", "a rebuild of live was begun and has not ended")
	case lag == 0:
		e.ok(check, "live has the %s that the publication log says; the content of %d was compared", domain.Count(c.Documents, "document", "documents"), c.Read)
	}
}

// checkReplica looks how far the server is behind that live is read from.
func (e *examination) checkReplica(ctx context.Context) {
	const check = "replica"
	if !e.stores.LiveMayLag() {
		return
	}
	switch lag, err := e.live.ReadLag(ctx); {
	case err != nil:
		e.problem(check, "start the server of --live-dsn, or take the setting away", "live cannot be read from --live-dsn: %s", oneLine(err))
	case lag > defaultMaxLag:
		e.warn(check, "see whether the replica follows the primary, and the log of PostgreSQL there", "what is read from --live-dsn is %s behind the publication log", lag.Round(time.Second))
	default:
		e.ok(check, "what is read from --live-dsn is %s behind the publication log", lag.Round(time.Second))
	}
}

func differences(c projection.Comparison) string {
	var parts []string
	for _, d := range []struct {
		what string
		ids  []domain.ID
	}{{"missing", c.Missing}, {"not published", c.Surplus}, {"different", c.Differing}} {
		if len(d.ids) > 0 {
			parts = append(parts, fmt.Sprintf("%d %s, such as %s", len(d.ids), d.what, d.ids[0]))
		}
	}
	return strings.Join(parts, "; ")
}

// checkIndexes looks for the indexes that the migrations make, and asks whether they are used.
func (e *examination) checkIndexes(ctx context.Context) {
	const check = "indexes"
	wrong, err := e.stores.CheckIndexes(ctx)
	if err != nil {
		e.failed(ctx, check, err)
		return
	}
	if len(wrong) > 0 {
		rebuilding, err := e.live.Rebuilding(ctx)
		switch {
		case err != nil:
			e.failed(ctx, check, err)
		case rebuilding && !slices.ContainsFunc(wrong, func(finding string) bool { return !strings.HasSuffix(finding, "of the live store is missing") }):
			e.warn(check, "nothing while \"redthread rebuild-live\" runs, which makes them; run it again where it was interrupted",
				"live lacks %s: a rebuild was begun and has not ended", domain.Count(len(wrong), "index", "indexes"))
		default:
			e.problem(check, "make each again: drop it if it is invalid, and run the CREATE INDEX of that name among the migrations; for those of live that are missing, run \"redthread rebuild-live\"",
				"%s", firstFew(wrong))
		}
		return
	}
	slow, err := e.stores.CheckPlans(ctx)
	switch {
	case err != nil:
		e.failed(ctx, check, err)
	case len(slow) > 0:
		e.warn(check, "run ANALYZE in the database", "%s", firstFew(slow))
	default:
		e.ok(check, "all are there, and lists and look-ups by slug use them")
	}
}

// firstFew joins texts, of many only the first.
func firstFew(all []string) string {
	const most = 5
	if len(all) <= most {
		return strings.Join(all, "; ")
	}
	return fmt.Sprintf("%s; and %d more", strings.Join(all[:most], "; "), len(all)-most)
}

// checkSearch looks at the search indexes.
func (e *examination) checkSearch(ctx context.Context) {
	const check = "search"
	states, err := search.NewMaintenance(e.stores, e.now).States(ctx, !e.input.quick)
	if err != nil {
		e.problem(check, "run \"redthread reindex --empty\"", "a search index cannot be read: %s", oneLine(err))
		return
	}
	good := true
	for _, s := range states {
		switch {
		case s.None && s.Documents > 0:
			e.warn(check, "start the server, which builds it", "the %s has no search index", s.Store)
		case s.Building || s.Renewing:
			e.warn(check, "nothing: a running server builds it, and its log says how far it is", "the search index of the %s is being built: %d of %d documents", s.Store, s.Done, s.Documents)
		case s.Unindexed > 0:
			e.problem(check, "run \"redthread reindex\"", "%d documents of the %s are not in its search index", s.Unindexed, s.Store)
		default:
			continue
		}
		good = false
	}
	if good {
		e.ok(check, "the search indexes of the desk and live are complete")
	}
}

// print prints the findings, for people or as JSON.
func (e *examination) print() error {
	if e.input.json {
		state := findingOK
		if e.count(findingWarning) > 0 {
			state = findingWarning
		}
		if e.count(findingProblem) > 0 {
			state = findingProblem
		}
		encoder := json.NewEncoder(e.Stdout)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(struct {
			State    string    `json:"state"`
			At       time.Time `json:"at"`
			Findings []finding `json:"findings"`
		}{state, e.now().UTC().Truncate(time.Second), e.found})
	}
	for _, f := range e.found {
		printf(e.Stdout, "%-8s  %-11s  %s\n", f.State, f.Check, f.Found)
		if f.Do != "" {
			printf(e.Stdout, "%-8s  %-11s  -> %s\n", "", "", f.Do)
		}
	}
	_, err := fmt.Fprintf(e.Stdout, "\n%s, %s.\n", domain.Count(e.count(findingProblem), "problem", "problems"), domain.Count(e.count(findingWarning), "warning", "warnings"))
	return err
}
