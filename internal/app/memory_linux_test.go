package app_test

import (
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"testing"

	"github.com/redthread-api/redthread/internal/app"
)

// mapped returns how many kilobytes of files the process has in memory.
func mapped(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`RssFile:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		t.Skip("this kernel does not tell")
	}
	n, err := strconv.Atoi(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// It is not parallel: other tests use the pages again.
func TestUnmapStart(t *testing.T) {
	before := mapped(t)
	app.UnmapStart()
	if after := mapped(t); after >= before*3/4 {
		t.Errorf("got %d kB of files in memory, and %d kB before", after, before)
	}
	// Code, types, strings and variables are what they were.
	if raw, err := json.Marshal(http.Header{"Name": {"value"}}); err != nil || string(raw) != `{"Name":["value"]}` {
		t.Errorf("got %s, %v", raw, err)
	}
}
