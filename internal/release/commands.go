package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/redthread-api/redthread/internal/app"
)

// completions returns the completions for each shell.
func completions() ([]entry, error) {
	root := app.Commands()
	var files []entry
	for _, shell := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{"redthread.bash", func(w io.Writer) error { return root.GenBashCompletionV2(w, true) }},
		{"_redthread", root.GenZshCompletion},
		{"redthread.fish", func(w io.Writer) error { return root.GenFishCompletion(w, true) }},
		{"redthread.ps1", root.GenPowerShellCompletionWithDesc},
	} {
		var out bytes.Buffer
		if err := shell.write(&out); err != nil {
			return nil, fmt.Errorf("completions: %w", err)
		}
		files = append(files, entry{name: "completions/" + shell.name, mode: 0o644, body: out.Bytes()})
	}
	return files, nil
}

// manuals returns the manual pages: one for each command.
func manuals(v version) []entry {
	var files []entry
	root := app.Commands()
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	var add func(c *cobra.Command)
	add = func(c *cobra.Command) {
		files = append(files, entry{name: "man/man1/" + manualName(c) + ".1", mode: 0o644, body: manual(c, v)})
		for _, child := range children(c) {
			add(child)
		}
	}
	add(root)
	return files
}

// children returns the commands that --help shows.
func children(c *cobra.Command) []*cobra.Command {
	return slices.DeleteFunc(slices.Clone(c.Commands()), func(c *cobra.Command) bool {
		return c.Hidden || c.Deprecated != "" || c.Name() == "help"
	})
}

func manualName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// manual returns the manual page of a command. cobra's own generator takes texts for Markdown, and joins the lines of
// tables in them.
func manual(c *cobra.Command, v version) []byte {
	var m page
	m.line(`.TH "%s" 1 "%s" "Redthread %s" "Redthread"`, strings.ToUpper(manualName(c)), v.at.Format("2006-01-02"), v.number)
	m.section("NAME")
	m.line("%s \\- %s", roff(manualName(c)), roff(lowerFirst(c.Short)))
	m.section("SYNOPSIS")
	m.line(".nf\n\\fB%s\\fR\n.fi", roff(c.UseLine()))
	m.section("DESCRIPTION")
	m.text(cmp.Or(c.Long, c.Short))
	m.options("OPTIONS", c.NonInheritedFlags())
	m.options("OPTIONS OF ALL ITS COMMANDS", c.InheritedFlags())
	if list := children(c); len(list) > 0 {
		m.section("COMMANDS")
		for _, child := range list {
			m.line(".TP\n\\fB%s\\fR(1)", roff(manualName(child)))
			m.line("%s", roff(child.Short))
		}
	}
	if c.Example != "" {
		m.section("EXAMPLES")
		m.line(".nf\n%s\n.fi", roff(c.Example))
	}
	if !c.HasParent() {
		m.section("EXIT STATUS")
		m.line("0 for success, 1 for a failure, 2 for an invalid command line or configuration.")
	} else {
		m.section("SEE ALSO")
		m.line("\\fB%s\\fR(1)", roff(manualName(c.Parent())))
	}
	return m.Bytes()
}

// page is a manual page that is being written.
type page struct{ bytes.Buffer }

func (m *page) line(format string, args ...any) { m.WriteString(fmt.Sprintf(format, args...) + "\n") }

func (m *page) section(name string) { m.line(".SH %s", name) }

// text writes a text for people: paragraphs, and indented lines as they are.
func (m *page) text(text string) {
	indented := false
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		line = strings.ReplaceAll(line, "\t", "  ")
		if is := strings.HasPrefix(line, "  "); is && !indented {
			m.line(".nf")
			indented = true
		} else if !is && indented {
			m.line(".fi")
			indented = false
		}
		if line == "" {
			m.line(".PP")
			continue
		}
		m.line("%s", roff(line))
	}
	if indented {
		m.line(".fi")
	}
}

// options writes a list of flags, if there are any.
func (m *page) options(title string, flags *pflag.FlagSet) {
	first := true
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Deprecated != "" {
			return
		}
		if first {
			m.section(title)
			first = false
		}
		argument, text := pflag.UnquoteUsage(f)
		name := "\\fB" + roff("--"+f.Name) + "\\fR"
		if f.Shorthand != "" {
			name = "\\fB" + roff("-"+f.Shorthand) + "\\fR, " + name
		}
		if argument != "" {
			name += " \\fI" + roff(argument) + "\\fR"
		}
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" && f.DefValue != "0" && f.DefValue != "0s" {
			text += " (default " + f.DefValue + ")"
		}
		m.line(".TP\n%s", name)
		m.line("%s", roff(text))
	})
}

// control matches the characters that make a line one of roff's commands.
var control = regexp.MustCompile(`(?m)^[.']`)

// roff writes a text for roff, in which nothing of it is a command.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, `-`, `\-`).Replace(text)
	return control.ReplaceAllStringFunc(text, func(c string) string { return `\&` + c })
}

func lowerFirst(text string) string { return strings.ToLower(text[:1]) + text[1:] }
