package app_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// writeFile writes a file into a folder of the test, and returns its path.
func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFileOfSettings(t *testing.T) {
	t.Parallel()
	file := writeFile(t, "redthread.toml", `
# What the press runs.
addr = ":9000"
cors-origin = ["https://a.example", "https://b.example"]
oidc-audience = "studio, with a comma"
live-max-lag = "2m"
cache-size = 1048576
graph-memory = "2MiB"
smtp-connections = 7
smtp-rate = 2.5
cache-tags = true
log-level = "debug"
site-name = "The Red Report"
`)
	c, err := app.Resolve([]string{"--config", file, "--log-level", "error"}, map[string]string{"REDTHREAD_SITE_NAME": "The Publisher"})
	if err == nil || !strings.Contains(err.Error(), "--oidc-audience: has no effect without --oidc-issuer") {
		t.Errorf("got %v, want what any other source of the setting gives", err)
	}
	got := []any{c.Addr, c.CORSOrigins, c.OIDC.Audiences, c.LiveMaxLag, int64(c.Cache.Size), int64(c.GraphMemory), c.Mail.SMTPConnections, c.Mail.SMTPRate, c.Cache.Tags, c.LogLevel, c.Site.Name}
	want := []any{":9000", []string{"https://a.example", "https://b.example"}, []string{"studio, with a comma"}, 2 * time.Minute, int64(1 << 20), int64(2 << 20), 7, 2.5, true, "error", "The Publisher"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestProblemsOfTheFileOfSettings(t *testing.T) {
	t.Parallel()
	file := writeFile(t, "redthread.toml", `
addr = 9000
desk_dsn = "postgres://u@h/d"
demo = "yes"
cache-size = "much"
cors-origin = [1]
colour = "red"
config = "other.toml"
smtp-rate = true
[serve]
data = "x"
`)
	_, err := app.Resolve([]string{"--config", file}, nil)
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		": addr: want a text", `: desk_dsn: there is no such setting; did you mean "desk-dsn"?`, ": demo: want true or false", ": cache-size: want a number of bytes, such as 64MiB",
		": cors-origin: want a list of texts", `: colour: there is no such setting; "redthread config" lists all`, ": config: there is no such setting", ": smtp-rate: want a number", ": serve: there are no tables",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
	for name, want := range map[string]string{
		filepath.Join(t.TempDir(), "none.toml"): "there is no file",
		t.TempDir():                             "is a folder",
		writeFile(t, "broken.toml", "addr = \":9000\"\ndata ="):  "want TOML: line 2, column",
		writeFile(t, "twice.toml", "data = \"a\"\ndata = \"b\""): "want TOML",
	} {
		if _, err := app.Resolve([]string{"--config", name}, nil); err == nil || !strings.Contains(err.Error(), "--config: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
	// Settings of serve are no fault in the file of another command, but what is wrong is.
	good := writeFile(t, "good.toml", "addr = \":9000\"\ndata = '"+storetest.SQLiteConfig(t).Dir+"'\n")
	if code, _, errs := run(t, nil, "migrate", "up", "--config", good); code != 0 {
		t.Errorf("exit %d: %s", code, errs)
	}
	if code, _, errs := run(t, map[string]string{"REDTHREAD_CONFIG": file}, "migrate", "status"); code != 2 || !strings.Contains(errs, "colour") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

func TestSecretsFromFiles(t *testing.T) {
	t.Parallel()
	dsn, password := writeFile(t, "dsn", "postgres://u:dsnsecret@h/d\n"), writeFile(t, "password", "smtpsecret \r\n")
	env := map[string]string{"REDTHREAD_DESK_DSN_FILE": dsn, "REDTHREAD_SMTP_PASSWORD_FILE": password}
	c, err := app.Resolve(nil, env)
	if err != nil || c.DeskDSN != "postgres://u:dsnsecret@h/d" || c.Mail.SMTPPassword != "smtpsecret " {
		t.Errorf("got %q, %q, %v", c.DeskDSN, c.Mail.SMTPPassword, err)
	}
	for _, args := range [][]string{{"config", "--smtp-password", "fromflag", "--live-dsn", "host=replica password=livesecret"}, {"config", "--json"}} {
		env := map[string]string{"REDTHREAD_DESK_DSN_FILE": dsn}
		if len(args) == 2 {
			env["REDTHREAD_SMTP_PASSWORD_FILE"] = password
		}
		code, out, errs := run(t, env, args...)
		if code != 0 || !strings.Contains(out, "postgres://u:xxxxx@h/d") {
			t.Errorf("exit %d: %s%s", code, out, errs)
		}
		for _, secret := range []string{"dsnsecret", "livesecret", "smtpsecret", "fromflag"} {
			if strings.Contains(out+errs, secret) {
				t.Errorf("%v prints %s", args, secret)
			}
		}
	}
	empty, lines := writeFile(t, "empty", "\n"), writeFile(t, "lines", "a\nb\n")
	_, err = app.Resolve([]string{"--desk-dsn-file", empty, "--smtp-password-file", lines}, nil)
	if err == nil || !strings.Contains(err.Error(), "--desk-dsn-file: "+empty+" is empty") || !strings.Contains(err.Error(), lines+" has several lines") {
		t.Errorf("got %v", err)
	}
	if _, err = app.Resolve([]string{"--config", os.DevNull}, nil); err == nil || !strings.Contains(err.Error(), "is no regular file") {
		t.Errorf("got %v", err)
	}
	// A file that config has begun does not lose the database: without a password it is there, with one it is asked for.
	for dsn, want := range map[string]string{"postgres://u@h/d": "desk-dsn = \"postgres://u@h/d\"", "postgres://u:dsnsecret@h/d?options=livesecret": "# desk-dsn = "} {
		code, out, errs := run(t, nil, "config", "--desk-dsn", dsn)
		if code != 0 || !strings.Contains("\n"+out, "\n"+want) || strings.Contains(out, "secret") || strings.Contains(dsn, "secret") != strings.Contains(out, "SET THIS") {
			t.Errorf("exit %d: %s%s", code, out, errs)
		}
	}
	_, err = app.Resolve([]string{"--desk-dsn", "postgres://h/d"}, env)
	if err == nil || !strings.Contains(err.Error(), "--desk-dsn-file: is given as well as desk-dsn (--desk-dsn)") {
		t.Errorf("got %v", err)
	}
	_, err = app.Resolve([]string{"--desk-dsn-file", "nowhere", "--smtp-password-file", t.TempDir()}, nil)
	if err == nil || !strings.Contains(err.Error(), "--desk-dsn-file: there is no file nowhere") || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("got %v", err)
	}
}

// What config prints is a file of settings that gives the same again.
func TestConfigPrintsAFileOfSettings(t *testing.T) {
	t.Parallel()
	file := writeFile(t, "redthread.toml", "site-name = \"A \\\"quoted\\\" \\\\ name, with ü\"\ncors-origin = [\"https://a.example\"]\n")
	args := []string{"--config", file, "--live-max-lag", "90s", "--smtp-rate", "0.5", "--cache-tags", "--oidc-issuer", "https://id.example", "--oidc-audience", "a,b", "--oidc-roles", "x=EDITOR"}
	code, printed, errs := run(t, map[string]string{"REDTHREAD_GRAPH_MEMORY": "1GiB"}, append([]string{"config"}, args...)...)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	for _, want := range []string{
		`site-name = "A \"quoted\" \\ name, with ü"`, "# " + file + "\n", "# --live-max-lag\n", "# $REDTHREAD_GRAPH_MEMORY\n", `# addr = "127.0.0.1:8080"`, "# default; SIGHUP\n", `oidc-audience = ["a", "b"]`, `live-max-lag = "1m30s"`,
	} {
		if !strings.Contains(printed, want) {
			t.Errorf("%s\nlacks %q", printed, want)
		}
	}
	values := func(args ...string) map[string]any {
		code, out, errs := run(t, nil, append([]string{"config", "--json"}, args...)...)
		if code != 0 {
			t.Fatalf("exit %d: %s", code, errs)
		}
		var all []struct {
			Name  string
			Value any
		}
		if err := json.Unmarshal([]byte(out), &all); err != nil {
			t.Fatal(err)
		}
		if len(all) < 50 {
			t.Fatalf("found only %v", all)
		}
		m := map[string]any{}
		for _, s := range all {
			m[s.Name] = s.Value
		}
		return m
	}
	want := values(append(args, "--graph-memory", "1GiB")...)
	if diff := cmp.Diff(want, values("--config", writeFile(t, "printed.toml", printed))); diff != "" {
		t.Errorf("what was printed gives other settings (-want +got):\n%s", diff)
	}
	if code, _, errs := run(t, nil, "config", "--addr", "nowhere", "--partial-status", "1"); code != 2 || !strings.Contains(errs, "--addr") || !strings.Contains(errs, "--partial-status") {
		t.Errorf("exit %d: %s", code, errs)
	}
}
