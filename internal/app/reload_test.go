package app_test

import (
	"context"
	"net/http"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestHangupReloadsSettings(t *testing.T) {
	t.Parallel()
	file := writeFile(t, "redthread.toml", "")
	change := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	change("log-level = \"info\"\ncors-origin = [\"https://a.example\"]\n")
	hangups := make(chan os.Signal, 1)
	out, errs := &record{}, &record{}
	p := process(out, errs, environment(storetest.Config(t)), "serve", "--addr", "127.0.0.1:0", "--metrics-addr", "off", "--config", file)
	p.Hangups = func() <-chan os.Signal { return hangups }
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() { ended <- app.Main(ctx, p) }()
	defer func() {
		cancel()
		if code := receive(t, ended); code != 0 {
			t.Errorf("exit %d\n%s", code, errs)
		}
	}()
	var url string
	eventually(t, func() bool {
		url = regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(out.String())
		return url != ""
	})
	get := func(origin string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/graphql?query=%7Bviewer%7Brole%7D%7D", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", origin)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res
	}
	allows := func(origin string) bool { return get(origin).Header.Get("Access-Control-Allow-Origin") != "" }
	if !allows("https://a.example") || allows("https://b.example") {
		t.Fatal("the first settings are not in force")
	}

	hangup := func(want string) {
		t.Helper()
		before := strings.Count(errs.String(), want)
		hangups <- syscall.SIGHUP
		eventually(t, func() bool { return strings.Count(errs.String(), want) > before })
	}
	change("cors-origin = [\"https://b.example\"]\nrate-limit-public = 12345\nsite-name = \"Later\"\n")
	hangup(`msg="some settings that have changed need a restart" settings=[site-name]`)
	if !strings.Contains(errs.String(), `msg="the settings were reloaded" changed="[cors-origin log-level rate-limit-public]"`) {
		t.Errorf("logged\n%s", errs)
	}
	if allows("https://a.example") || !allows("https://b.example") {
		t.Error("the origins are those before")
	}
	if policy := get("").Header.Get("RateLimit-Policy"); !strings.Contains(policy, "12345") {
		t.Errorf("the policy is %q", policy)
	}

	// Settings that are not valid change nothing.
	change("cors-origin = [\"nowhere\"]\nrate-limit-public = 1\n")
	hangup("the settings were not reloaded")
	if !allows("https://b.example") || !strings.Contains(get("").Header.Get("RateLimit-Policy"), "12345") {
		t.Error("settings that are not valid changed something")
	}

	// What the log shows can be changed; what is changed back is not reported again.
	change("log-level = \"error\"\n")
	hangup("the settings were reloaded")
	if !allows("https://a.example") {
		t.Error("what is no longer set is in force")
	}
	eventually(t, func() bool {
		lines := strings.Count(errs.String(), "\n")
		get("")
		get("") // after the line of the one before
		return strings.Count(errs.String(), "\n") == lines
	})
}
