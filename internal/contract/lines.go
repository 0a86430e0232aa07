package contract

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// variable matches the environment variable in the description of a flag.
var variable = regexp.MustCompile(`\[\$(\w+)\]`)

// Settings describes a command line: a line for each command, and one for each flag with its type, its default, its
// variable, and whether it is deprecated.
//
//	redthread serve
//	redthread serve --addr <string> =127.0.0.1:8080 $REDTHREAD_ADDR
func Settings(root *cobra.Command) []string {
	var lines []string
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		if c.Hidden {
			return
		}
		line := c.CommandPath()
		if c.Deprecated != "" {
			line += " deprecated: " + c.Deprecated
		}
		lines = append(lines, line)
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden && f.Name != "help" && f.Name != "version" {
				lines = append(lines, c.CommandPath()+" "+describeFlag(f))
			}
		})
		for _, child := range c.Commands() {
			visit(child)
		}
	}
	visit(root)
	slices.Sort(lines)
	return lines
}

func describeFlag(f *pflag.Flag) string {
	line := fmt.Sprintf("--%s <%s> =%s", f.Name, f.Value.Type(), f.DefValue)
	if m := variable.FindStringSubmatch(f.Usage); m != nil {
		line += " $" + m[1]
	}
	if f.Deprecated != "" {
		line += " deprecated: " + f.Deprecated
	}
	return line
}

// setting is a line of Settings, taken apart.
var setting = regexp.MustCompile(`^(redthread[a-z -]*?)(?: --([\w-]+) <(\w+)> =(.*?)(?: \$(\w+))?)?(?: deprecated: (.*))?$`)

// CompareSettings returns what breaks those who use the released settings.
func CompareSettings(released, present []string, now time.Time) []string {
	b := breaks{now: now}
	recent := map[string][]string{}
	for _, line := range present {
		if m := setting.FindStringSubmatch(line); m != nil {
			recent[m[1]+" --"+m[2]] = m
		}
	}
	for _, line := range released {
		m := setting.FindStringSubmatch(line)
		if m == nil {
			b.add("%q is no line of settings", line)
			continue
		}
		name := strings.TrimSuffix(m[1]+" --"+m[2], " --")
		is := recent[m[1]+" --"+m[2]]
		if is == nil {
			b.removed(name, m[6], m[6] != "")
			continue
		}
		for i, what := range map[int]string{3: "type", 4: "default", 5: "variable"} {
			if m[i] != is[i] {
				b.add("%s: the %s was %q and is %q", name, what, m[i], is[i])
			}
		}
	}
	return b.sorted()
}

// metric matches a sample in Prometheus's text format.
var metric = regexp.MustCompile(`^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? `)

// label matches a label of a sample.
var label = regexp.MustCompile(`(\w+)="(?:[^"\\]|\\.)*"`)

// Metrics describes metrics in Prometheus's text format: a line for each with its labels. Those of Go and of the process
// are left out: they are not ours.
//
//	redthread_http_requests_total method route status
func Metrics(text string) []string {
	labels := map[string]map[string]bool{}
	for line := range strings.Lines(text) {
		m := metric.FindStringSubmatch(line)
		if m == nil || !strings.HasPrefix(m[1], "redthread_") {
			continue
		}
		if labels[m[1]] == nil {
			labels[m[1]] = map[string]bool{}
		}
		for _, l := range label.FindAllStringSubmatch(m[2], -1) {
			labels[m[1]][l[1]] = true
		}
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		lines = append(lines, strings.Join(append([]string{name}, slices.Sorted(maps.Keys(labels[name]))...), " "))
	}
	return lines
}

// CompareMetrics returns what breaks dashboards and alerts on the released metrics.
func CompareMetrics(released, present []string) []string {
	var b breaks
	recent := map[string][]string{}
	for _, line := range present {
		words := strings.Fields(line)
		recent[words[0]] = words[1:]
	}
	for _, line := range released {
		words := strings.Fields(line)
		is, ok := recent[words[0]]
		if !ok {
			b.add("the metric %s was removed", words[0])
			continue
		}
		for _, l := range words[1:] {
			if !slices.Contains(is, l) {
				b.add("the metric %s has no label %s any more", words[0], l)
			}
		}
	}
	return b.sorted()
}
