package conformance

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Count is how many cases ended in which way.
type Count struct {
	Passed        int `json:"passed"`
	Failed        int `json:"failed"`
	Differs       int `json:"differs"`
	NotApplicable int `json:"notApplicable"`
}

func (n *Count) add(r Result) {
	switch {
	case r.NotApplicable != "":
		n.NotApplicable++
	case r.Err == nil:
		n.Passed++
	case r.Case.Level == Must:
		n.Failed++
	default:
		n.Differs++
	}
}

// Counts returns the counts of each chapter, and of all.
func Counts(results []Result) (byChapter map[Chapter]Count, total Count) {
	byChapter = map[Chapter]Count{}
	for _, r := range results {
		n := byChapter[r.Case.Chapter]
		n.add(r)
		byChapter[r.Case.Chapter] = n
		total.add(r)
	}
	return byChapter, total
}

// WriteText writes the cases that failed or differ, and a table of counts. With all, it
// also writes the cases that passed or do not apply.
func WriteText(w io.Writer, results []Result, all bool) error {
	var out strings.Builder
	for _, r := range results {
		switch {
		case r.NotApplicable != "":
			if all {
				fmt.Fprintf(&out, "none    %s: the server has no %s\n", r.Case.Name(), r.NotApplicable)
			}
		case r.Err == nil:
			if all {
				fmt.Fprintf(&out, "ok      %s\n", r.Case.Name())
			}
		default:
			word := "FAIL"
			if r.Case.Level == Should {
				word = "differs"
			}
			fmt.Fprintf(&out, "%-7s %s (%s)\n        %s\n        %v\n", word, r.Case.Name(), r.Case.Since, oneLine(r.Sent), r.Err)
		}
	}
	byChapter, total := Counts(results)
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	row(table, "chapter", "passed", "failed", "differs", "not applicable")
	for _, c := range Chapters {
		if n, ok := byChapter[c]; ok {
			row(table, c, n.Passed, n.Failed, n.Differs, n.NotApplicable)
		}
	}
	row(table, "all", total.Passed, total.Failed, total.Differs, total.NotApplicable)
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// oneLine shows what was sent in one line of moderate length.
func oneLine(s string) string {
	s = fmt.Sprintf("%q", s)
	if len(s) > 400 {
		return s[:400] + "…"
	}
	return s
}

// WriteJSON writes all results and the counts as one JSON object.
func WriteJSON(w io.Writer, results []Result) error {
	type line struct {
		ID            string  `json:"id"`
		Chapter       Chapter `json:"chapter"`
		Section       string  `json:"section"`
		Since         Edition `json:"since"`
		Level         Level   `json:"level"`
		Want          string  `json:"want"`
		Sent          string  `json:"sent,omitempty"`
		Outcome       string  `json:"outcome"`
		Problem       string  `json:"problem,omitempty"`
		NotApplicable string  `json:"notApplicable,omitempty"`
	}
	lines := make([]line, 0, len(results))
	for _, r := range results {
		l := line{ID: r.Case.ID, Chapter: r.Case.Chapter, Section: r.Case.Section, Since: r.Case.Since, Level: r.Case.Level,
			Want: r.Case.Want.Text, Sent: r.Sent, Outcome: "passed", NotApplicable: r.NotApplicable}
		switch {
		case r.NotApplicable != "":
			l.Outcome = "not applicable"
		case r.Failed():
			l.Outcome, l.Problem = "failed", r.Err.Error()
		case r.Err != nil:
			l.Outcome, l.Problem = "differs", r.Err.Error()
		}
		lines = append(lines, l)
	}
	byChapter, total := Counts(results)
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(map[string]any{"cases": lines, "chapters": byChapter, "total": total})
}

// row writes a row of a table. Errors of the table are returned by its Flush.
func row(table *tabwriter.Writer, cells ...any) {
	for i, c := range cells {
		if i > 0 {
			_, _ = fmt.Fprint(table, "\t")
		}
		_, _ = fmt.Fprint(table, c)
	}
	_, _ = fmt.Fprintln(table)
}
