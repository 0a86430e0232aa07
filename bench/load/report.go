package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"
)

// report is the result of a run.
type report struct {
	Machine  string
	Set      string
	Began    time.Time
	Duration time.Duration
	Engines  []engineResult
}

// engineResult is the result on one engine.
type engineResult struct {
	Engine     string
	Statements map[string][2]float64 // of a request: the program's, the baseline's
	Rows       []row
	Sections   []section
}

// row is the result of a workload.
type row struct {
	Workload, Title string
	Connections     int
	Ours, Baseline  measure
}

// section is a table of another part of the run.
type section struct {
	Title   string
	Columns []string
	Rows    [][]string
}

// cpuRatio returns the CPU time of a request of the program in that of the baseline. With
// all it includes the database's.
func (r *row) cpuRatio(all bool) float64 {
	return quotient(float64(r.Ours.perRequest(all)), float64(r.Baseline.perRequest(all)))
}

func quotient(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// machine describes the machine.
func machine() string {
	cpu := "unknown CPU"
	if raw, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(raw)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				cpu = strings.TrimSpace(value)
				break
			}
		}
	}
	load := ""
	if raw, err := os.ReadFile("/proc/loadavg"); err == nil {
		load, _, _ = strings.Cut(string(raw), " ")
		load = ", load " + load + " at the start"
	}
	return fmt.Sprintf("%s, %d cores, %s, %s/%s%s", cpu, runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, load)
}

func (r *report) write(out io.Writer, format string) error {
	if format == "json" {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s. Data set: %s. %s a side and workload, %s.\n", r.Machine, r.Set, r.Duration, r.Began.Format(time.DateOnly))
	for _, e := range r.Engines {
		e.write(&b)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

var engineNames = map[string]string{"sqlite": "SQLite, beside database/sql", "postgres": "PostgreSQL, beside pgx"}

func (e *engineResult) write(b *strings.Builder) {
	fmt.Fprintf(b, "\n### %s\n", engineNames[e.Engine])
	postgres := e.Engine == "postgres"
	if len(e.Rows) > 0 {
		columns := []string{"workload", "connections", "**CPU**", "CPU, µs", "requests/s", "p50, ms", "p99, ms", "peak memory, MB", "bytes", "statements"}
		if postgres {
			columns = append(columns[:3], append([]string{"CPU with the database"}, columns[3:]...)...)
		}
		var rows [][]string
		for _, r := range e.Rows {
			pair := func(format string, a, b float64) string { return fmt.Sprintf(format+" / "+format, a, b) }
			ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
			us := func(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
			o, t := &r.Ours, &r.Baseline
			cells := []string{r.Workload + " " + r.Title, fmt.Sprint(r.Connections), fmt.Sprintf("**%.2f**", r.cpuRatio(false))}
			if postgres {
				cells = append(cells, fmt.Sprintf("%.2f", r.cpuRatio(true)))
			}
			rows = append(rows, append(cells,
				pair("%.0f", us(o.perRequest(false)), us(t.perRequest(false))),
				pair("%.0f", o.perSecond(), t.perSecond())+refusals(o, t),
				pair("%.1f", ms(o.P50), ms(t.P50)), pair("%.1f", ms(o.P99), ms(t.P99)),
				pair("%.0f", float64(o.PeakMemory)/(1<<20), float64(t.PeakMemory)/(1<<20)),
				pair("%.0f", quotient(float64(o.Bytes), float64(o.Requests)), quotient(float64(t.Bytes), float64(t.Requests))),
				pair("%.1f", o.Statements, t.Statements)))
		}
		writeTable(b, columns, rows)
	}
	for _, s := range e.Sections {
		fmt.Fprintf(b, "\n%s\n", s.Title)
		writeTable(b, s.Columns, s.Rows)
	}
}

// refusals says how many requests were refused, if any were.
func refusals(ours, theirs *measure) string {
	if ours.Refused+theirs.Refused == 0 {
		return ""
	}
	return fmt.Sprintf(" (refused: %d / %d)", ours.Refused, theirs.Refused)
}

// writeTable writes a table of Markdown.
func writeTable(b *strings.Builder, columns []string, rows [][]string) {
	b.WriteString("\n| " + strings.Join(columns, " | ") + " |\n|" + strings.Repeat(" --- |", len(columns)) + "\n")
	for _, r := range rows {
		b.WriteString("| " + strings.Join(r, " | ") + " |\n")
	}
}
