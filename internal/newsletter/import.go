package newsletter

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// The columns of a list. Those of an import are the first seven, in any order.
const (
	columnEmail     = "email"
	columnLanguage  = "language"
	columnSeries    = "series"
	columnClearance = "clearance" // may be left out; CLEAR
	columnConsentAt = "consent_at"
	columnSource    = "consent_source"
	columnText      = "consent_text"
	columnState     = "state" // of an export alone; an import skips rows that are not ACTIVE
)

const (
	maxImportRows  = 200_000
	maxConsentText = 2000
)

// ImportResult counts the rows of an import.
type ImportResult struct {
	Imported     int `json:"imported"`
	Already      int `json:"already"`      // were subscribed
	Changed      int `json:"changed"`      // were subscribed, with another clearance
	Unsubscribed int `json:"unsubscribed"` // have unsubscribed after the consent of the row
	Suppressed   int `json:"suppressed"`   // get no mail
	Inactive     int `json:"inactive"`     // are not ACTIVE in the list itself
}

// importRow is a row that was checked.
type importRow struct {
	address   address
	hash      string
	language  string
	series    Series
	clearance domain.Marking
	cleared   bool // the list has the clearance
	at        time.Time
	source    string
	words     string
}

// Import subscribes the addresses of a list in CSV, each with the proof of its consent. If a row
// has an error, none is imported. Addresses on the suppression list, and those that have
// unsubscribed since the consent, are skipped. With dryRun nothing is written. Needs the right
// MANAGE_SUBSCRIBERS.
//
// Errors: KindInvalid with all problems, by line and column.
func (s *Subscribers) Import(ctx context.Context, list io.Reader, dryRun bool) (ImportResult, error) {
	viewer, err := domain.Require(ctx, domain.ManageSubscribers)
	if err != nil {
		return ImportResult{}, err
	}
	keys, err := s.keys.get(ctx)
	if err != nil {
		return ImportResult{}, err
	}
	all, err := s.series.LiveSeries(ctx)
	if err != nil {
		return ImportResult{}, fmt.Errorf("find the series: %w", err)
	}
	all = slices.DeleteFunc(slices.Clone(all), func(one Series) bool { return one.Marking > viewer.Clearance })
	at := s.txTime()
	parser := importParser{keys: keys, series: all, clearance: viewer.Clearance, now: at, seen: map[string]int{}}
	if err := parser.parse(list); err != nil {
		return ImportResult{}, err
	}
	var result ImportResult
	err = s.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		result = ImportResult{Inactive: parser.inactive}
		for _, row := range parser.rows {
			if err := importOne(ctx, tx, row, at, &result); err != nil {
				return err
			}
		}
		if dryRun {
			return errDryRun
		}
		return audit.Append(ctx, tx, at, audit.Entry{Action: audit.ImportSubscribers, Detail: fmt.Sprintf("%d imported, %d suppressed, %d unsubscribed, %d known",
			result.Imported, result.Suppressed, result.Unsubscribed, result.Already)})
	})
	if err != nil && !errors.Is(err, errDryRun) {
		return ImportResult{}, fmt.Errorf("import subscribers: %w", err)
	}
	return result, nil
}

// errDryRun rolls a transaction back.
var errDryRun = errors.New("newsletter: dry run")

func importOne(ctx context.Context, tx *store.Tx, row importRow, at time.Time, result *ImportResult) error {
	barred, err := suppressed(ctx, tx, row.hash)
	if err != nil {
		return err
	}
	if barred {
		result.Suppressed++
		return nil
	}
	who, found, err := findSubscriber(ctx, tx, "email_hash = ?", row.hash)
	if err != nil {
		return err
	}
	var before *subscription
	if found {
		has, err := subscriptionsOf(ctx, tx, who.id)
		if err != nil {
			return err
		}
		before = has[row.series.ID]
	} else if who.id, err = putSubscriber(ctx, tx, row.address.typed, row.hash, row.language, at); err != nil {
		return err
	}
	consent := consent{hash: row.hash, series: row.series.ID, act: ConsentImported, at: row.at, version: row.words, lang: row.language, from: row.source}
	switch {
	case before.active() && row.cleared && row.clearance != before.clearance:
		result.Changed++
		return errors.Join(
			store.Exec(ctx, tx, "UPDATE subscriptions SET clearance = ? WHERE id = ?", int(row.clearance), before.id),
			insertConsent(ctx, tx, consent))
	case before.active():
		result.Already++
		return nil
	case before != nil && before.ended != nil && !row.at.After(*before.ended):
		result.Unsubscribed++
		return nil
	}
	result.Imported++
	return errors.Join(
		activate(ctx, tx, who.id, row.series.ID, before, row.clearance, row.at, at),
		insertConsent(ctx, tx, consent))
}

// importParser reads a list, and collects its problems.
type importParser struct {
	keys      *keys
	series    []Series
	clearance domain.Marking
	now       time.Time
	seen      map[string]int // the lines of addresses and series

	problems domain.Problems
	rows     []importRow
	inactive int
}

func (p *importParser) parse(list io.Reader) error {
	const refused = "nothing was imported"
	r := csv.NewReader(list)
	r.FieldsPerRecord = -1
	header, err := r.Read()
	if err != nil {
		p.problems.Add("line 1", "want a line with the names of the columns: email,language,series,clearance,consent_at,consent_source,consent_text")
		return p.problems.Err(refused)
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	columns := map[string]int{}
	for i, name := range header {
		name = strings.TrimSpace(strings.ToLower(name))
		if !slices.Contains([]string{columnEmail, columnLanguage, columnSeries, columnClearance, columnConsentAt, columnSource, columnText, columnState}, name) {
			p.problems.Add("line 1", "there is no column %q", short(name))
		} else if _, twice := columns[name]; twice {
			p.problems.Add("line 1", "the column %s is there twice", name)
		}
		columns[name] = i
	}
	for _, name := range []string{columnEmail, columnLanguage, columnSeries, columnConsentAt, columnSource, columnText} {
		if _, some := columns[name]; !some {
			p.problems.Add("line 1", "the column %s is missing", name)
		}
	}
	if err := p.problems.Err(refused); err != nil {
		return err
	}
	for n := 0; ; n++ {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if broken, ok := errors.AsType[*csv.ParseError](err); ok {
			p.problems.Add("line "+strconv.Itoa(broken.Line), "is not valid CSV: a quote is missing or in the wrong place")
			break
		} else if err != nil {
			return domain.Invalid("the list cannot be read").WithCause(err)
		}
		line, _ := r.FieldPos(0)
		if n == maxImportRows {
			p.problems.Add("line "+strconv.Itoa(line), "a list has at most %d rows; split it", maxImportRows)
			break
		}
		if len(record) != len(header) {
			p.problems.Add("line "+strconv.Itoa(line), "has %d fields; want %d, as in line 1", len(record), len(header))
			continue
		}
		p.row(line, func(name string) string {
			if i, some := columns[name]; some {
				return strings.TrimSpace(record[i])
			}
			return ""
		})
	}
	return p.problems.Err(refused)
}

// row checks a row.
func (p *importParser) row(line int, field func(string) string) {
	problem := func(column, format string, args ...any) {
		p.problems.Add(fmt.Sprintf("line %d, %s", line, column), format, args...)
	}
	before := p.problems.Len()
	var row importRow
	var bad string
	if row.address, bad = parseAddress(unescapeCell(field(columnEmail))); bad != "" {
		problem(columnEmail, "%s", bad)
	}
	row.hash = p.keys.hash(row.address)
	if row.language, bad = chooseLanguage(field(columnLanguage), ""); bad != "" || field(columnLanguage) == "" {
		problem(columnLanguage, "want a language tag such as en, ja or zh-Hant")
	}
	var found bool
	if row.series, found = findSeries(p.series, field(columnSeries)); !found {
		problem(columnSeries, "there is no series that is live with this id or slug")
	}
	if text := field(columnClearance); text != "" {
		marking, ok := domain.ParseMarking(strings.ReplaceAll(strings.ToUpper(text), "+", "_"))
		switch {
		case !ok:
			problem(columnClearance, "want one of %v", domain.Markings)
			marking = domain.Red // one problem is enough
		case marking > p.clearance:
			problem(columnClearance, "is above your own clearance, %s", p.clearance)
		}
		row.clearance, row.cleared = marking, true
	}
	if found && row.clearance < row.series.Marking {
		problem(columnClearance, "want at least %s, the marking of the series", row.series.Marking)
	}
	row.at = p.consentAt(field(columnConsentAt), problem)
	row.source, row.words = unescapeCell(field(columnSource)), unescapeCell(field(columnText))
	for _, one := range []struct{ column, text, want string }{
		{columnSource, row.source, "say where the proof of consent is"},
		{columnText, row.words, "say what was agreed to"},
	} {
		switch {
		case one.text == "":
			problem(one.column, "must not be empty: %s", one.want)
		case len(one.text) > maxConsentText:
			problem(one.column, "is too long: at most %d bytes", maxConsentText)
		}
	}
	if state := field(columnState); state != "" && state != SubscriptionActive {
		if p.problems.Len() == before {
			p.inactive++
		}
		return
	}
	if p.problems.Len() > before {
		return
	}
	key := row.hash + row.series.ID.String()
	if first := p.seen[key]; first > 0 {
		problem(columnEmail, "is the same subscription as in line %d", first)
		return
	}
	p.seen[key] = line
	p.rows = append(p.rows, row)
}

// consentAt reads the time of a consent.
func (p *importParser) consentAt(text string, problem func(column, format string, args ...any)) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		at, err = time.Parse(time.DateOnly, text)
	}
	switch {
	case err != nil:
		problem(columnConsentAt, "want a date or a time such as 2025-06-30 or 2025-06-30T12:00:00Z")
	case at.After(p.now):
		problem(columnConsentAt, "is in the future")
	}
	return at.UTC().Truncate(time.Microsecond)
}

// short cuts a text for a message.
func short(text string) string {
	if runes := []rune(text); len(runes) > 30 {
		return string(runes[:30]) + "…"
	}
	return text
}

// escapeCell prefixes a text that a spreadsheet would take for a formula with an apostrophe;
// unescapeCell takes it away.
func escapeCell(text string) string {
	if strings.HasPrefix(text, "'") {
		return "'" + text
	}
	return domain.Cell(text)
}

func unescapeCell(text string) string {
	if inner, ok := strings.CutPrefix(text, "'"); ok && escapeCell(inner) != inner {
		return inner
	}
	return text
}
