package docs_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// read returns the text of a file.
func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// metricName matches the name of a metric, without what a histogram adds to it.
var metricName = regexp.MustCompile(`\bredthread_[a-z0-9_]+?(?:_bucket|_sum|_count)?\b`)

// documentedMetrics are the metrics in the table of docs/operating.md.
func documentedMetrics(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for line := range strings.Lines(read(t, "operating.md")) {
		if strings.HasPrefix(line, "| `redthread_") {
			for _, name := range metricName.FindAllString(line, -1) {
				names[name] = true
			}
		}
	}
	if len(names) < 30 {
		t.Fatalf("found only %v", names)
	}
	return names
}

// The dashboard and the rules for alerts read metrics that there are. TestMetrics of package app compares the table with
// what a server has.
func TestDashboardAndAlerts(t *testing.T) {
	t.Parallel()
	documented := documentedMetrics(t)
	var dashboard struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	if err := json.Unmarshal([]byte(read(t, "../examples/deploy/grafana-dashboard.json")), &dashboard); err != nil || len(dashboard.Panels) < 20 {
		t.Fatalf("got %d panels, %v", len(dashboard.Panels), err)
	}
	texts := []string{}
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			texts = append(texts, target.Expr)
		}
	}
	alerts := read(t, "../examples/deploy/alerts.yml")
	if strings.Count(alerts, "- alert: ") != strings.Count(alerts, " action: ") || strings.Count(alerts, " action: ") < 10 {
		t.Error("an alert does not say what to do")
	}
	for _, text := range append(texts, alerts) {
		for _, name := range metricName.FindAllString(text, -1) {
			if name = strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_count"); !documented[name] {
				t.Errorf("%s is no metric of docs/operating.md", name)
			}
		}
	}
}

// The unit of systemd says what it should, and keeps the service from what it does not need.
func TestUnitOfSystemd(t *testing.T) {
	t.Parallel()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("skipped: there is no systemd-analyze here")
	}
	const unit = "../examples/deploy/redthread.service"
	out, err := exec.CommandContext(t.Context(), analyze, "security", "--offline=true", "--no-pager", unit).CombinedOutput()
	if err != nil {
		t.Skipf("skipped: this systemd-analyze cannot look at a unit that is not installed: %s", out)
	}
	m := regexp.MustCompile(`Overall exposure level for redthread.service: ([\d.]+)`).FindSubmatch(out)
	if m == nil {
		t.Fatalf("got %s", out)
	}
	if level, err := strconv.ParseFloat(string(m[1]), 64); err != nil || level > 1.5 {
		t.Errorf("the exposure is %s of at most 1.5:\n%s", m[1], out)
	}
	// What is not installed here is no fault of the unit.
	out, _ = exec.CommandContext(t.Context(), analyze, "verify", "--man=no", unit).CombinedOutput()
	for _, line := range regexp.MustCompile(`(?m)^.+$`).FindAllString(string(out), -1) {
		if !regexp.MustCompile(`redthread.service: Command /usr/local/bin/redthread is not executable`).MatchString(line) && regexp.MustCompile(`redthread\.service`).MatchString(line) {
			t.Errorf("systemd says of the unit: %s", line)
		}
	}
}
