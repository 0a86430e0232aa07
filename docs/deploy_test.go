package docs_test

import (
	"os/exec"
	"regexp"
	"strconv"
	"testing"
)

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
