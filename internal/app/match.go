package app

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange"
	"github.com/redthread-api/redthread/internal/search"
	"github.com/redthread-api/redthread/internal/search/names"
)

// matchBatch is how many names are compared at once.
const matchBatch = 200

// matchFlags are the flags of match.
type matchFlags struct {
	columns   exchange.ScreeningParams
	kinds     []string
	least     float64
	best      int
	desk      bool
	clearance string
}

func (p *program) matchCommand() *cobra.Command {
	var flags matchFlags
	match := &cobra.Command{
		Use:   "match FILE.csv",
		Short: "Compare a list of names with the entities",
		Long: `Compare the names of a list in CSV with all names of the entities in live, in any
script and romanisation, and print the entities that may be meant, as CSV.

The file has a header. Without --name, the names are in its only column, or in the one
that is called name, entity or company; the country, as evidence, in the one called
country. FILE.csv can be - for standard input.

Each row of the output is one match: the line and the name of the list, the rank of the
match, its score from 0 to 1, the reason (EXACT, ALIAS, FORMER, TRANSLITERATION,
LEGAL_FORM, WORD_ORDER, INITIALS or SPELLING), the entity by its id, slug and primary
name, and the name of it that is most like the name of the list. A name without a match has one row, with the rank 0. Rows
that could not be read are listed on standard error, and the exit code is then 1.`,
		Example: `  redthread match customers.csv > matches.csv
  redthread match list.csv --name "Full name" --country Country --identifier LEI=lei --best 5 --least 0.8`,
		GroupID: groupContent,
		Args:    exactly("FILE.csv"),
		RunE: p.run(slog.LevelWarn, func(ctx context.Context, log *slog.Logger, args []string) error {
			return p.match(ctx, log, args[0], flags)
		}),
	}
	p.config.commonFlags(match.Flags())
	f := match.Flags()
	f.StringVar(&flags.columns.Name, "name", "", "the column of names")
	f.StringVar(&flags.columns.Country, "country", "", "the column of country codes (ISO 3166-1)")
	f.StringArrayVar(&flags.columns.Identifiers, "identifier", nil, "a column of identifiers, as LEI=lei")
	f.StringVar(&flags.columns.Separator, "separator", "", `what is between fields: "," ";" "|" or tab (default: what the header has)`)
	f.StringSliceVar(&flags.kinds, "kind", nil, "only entities of these kinds, as COMPANY,PERSON")
	f.Float64Var(&flags.least, "least", 0.85, "the lowest score, from 0 to 1")
	f.IntVar(&flags.best, "best", 3, "how many matches of a name")
	f.BoolVar(&flags.desk, "desk", false, "compare with the desk, drafts included, instead of live")
	f.StringVar(&flags.clearance, "clearance", domain.Red.String(), "only what viewers with this clearance see in live")
	return match
}

// viewer returns a context of a viewer of what the flags ask for.
func (f matchFlags) viewer(ctx context.Context) (context.Context, error) {
	var p domain.Problems
	clearance, ok := domain.ParseMarking(f.clearance)
	if !ok {
		p.Add("--clearance", "want one of %s, not %q", strings.Join(domain.Markings, ", "), f.clearance)
	}
	if f.desk && clearance != domain.Red {
		p.Add("--clearance", "is for live: the desk has no clearances")
	}
	for _, kind := range f.kinds {
		if !slices.Contains(domain.EntityKinds, kind) {
			p.Add("--kind", "want some of %s, not %q", strings.Join(domain.EntityKinds, ", "), kind)
		}
	}
	if !(f.least > 0 && f.least <= 1) {
		p.Add("--least", "want a score above 0 and up to 1, not %v", f.least)
	}
	if f.best < 1 || f.best > 50 {
		p.Add("--best", "want a number from 1 to 50, not %d", f.best)
	}
	if err := p.Err("the names cannot be compared like this"); err != nil {
		return nil, err
	}
	const task = "match names"
	if f.desk {
		return domain.WithStage(domain.AsSystem(ctx, task), domain.Desk), nil
	}
	return domain.WithViewer(ctx, &domain.Viewer{Name: domain.SystemName(task), Role: domain.Admin, Clearance: clearance, System: true}), nil
}

func (p *program) match(ctx context.Context, log *slog.Logger, file string, flags matchFlags) error {
	ctx, err := flags.viewer(ctx)
	if err != nil {
		return asUsage(err)
	}
	raw, err := p.readList(file)
	if err != nil {
		return err
	}
	rows, problems, err := exchange.ReadNames(bytes.NewReader(raw), flags.columns)
	if err != nil {
		return asUsage(err)
	}
	for _, bad := range problems {
		if _, err := fmt.Fprintf(p.Stderr, "line %d: %s\n", bad.Line, bad.Message); err != nil {
			return err
		}
	}
	err = p.withExisting(ctx, log, func(b *backend) error { return p.matchRows(ctx, b.search, rows, flags) })
	if err == nil && len(problems) > 0 {
		return errors.New("some rows could not be read as they are: see the lines above")
	}
	return err
}

// matchRows compares rows in batches and prints the matches of each as they are found.
func (p *program) matchRows(ctx context.Context, index *search.Index, rows []exchange.ScreenedName, flags matchFlags) error {
	w := csv.NewWriter(p.Stdout)
	if err := w.Write([]string{"line", "name", "rank", "score", "reason", "entity", "slug", "entity_name", "matched_name", "name_kind", "same_country", "same_identifier"}); err != nil {
		return err
	}
	progress := p.progress("Comparing")
	for at := 0; at < len(rows); at += matchBatch {
		batch := rows[at:min(at+matchBatch, len(rows))]
		params := search.MatchParams{Least: flags.least, First: flags.best, Kinds: flags.kinds}
		for _, row := range batch {
			params.Names = append(params.Names, lookedFor(row))
		}
		matches, err := index.Match(ctx, params)
		if err != nil {
			return err
		}
		for i, row := range batch {
			for _, record := range matchRecords(row, matches[i]) {
				if err := w.Write(record); err != nil {
					return err
				}
			}
		}
		w.Flush()
		if err := w.Error(); err != nil {
			return err
		}
		progress(at+len(batch), len(rows))
	}
	w.Flush()
	return w.Error()
}

func lookedFor(row exchange.ScreenedName) search.MatchName {
	n := search.MatchName{Name: row.Name, Evidence: names.Evidence{Country: row.Country}}
	for _, id := range row.Identifiers {
		n.Identifiers = append(n.Identifiers, names.Identifier{Scheme: id.Scheme, Value: id.Value})
	}
	return n
}

// matchRecords returns the records of a row: one for each match, or one without.
func matchRecords(row exchange.ScreenedName, matches []search.EntityMatch) [][]string {
	line, name := strconv.Itoa(row.Line), domain.Cell(row.Name)
	if len(matches) == 0 {
		return [][]string{{line, name, "0", "", "", "", "", "", "", "", "", ""}}
	}
	known := func(b *bool) string {
		if b == nil {
			return ""
		}
		return strconv.FormatBool(*b)
	}
	records := make([][]string, len(matches))
	for i, m := range matches {
		records[i] = []string{line, name, strconv.Itoa(i + 1), strconv.FormatFloat(m.Score, 'f', 3, 64), string(m.Reason), m.ID.String(),
			m.Slug, domain.Cell(m.EntityName), domain.Cell(m.Name.Text), m.Name.Kind, known(m.SameCountry), known(m.SameIdentifier)}
	}
	return records
}
