package picture_test

import (
	"context"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

var update = flag.Bool("update", false, "rewrite the golden files")

type drawing interface {
	SVG(context.Context) ([]byte, error)
}

// draw returns the picture, which must be a document of XML.
func draw(t testing.TB, d drawing) string {
	t.Helper()
	svg, err := d.SVG(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := wellFormed(string(svg)); err != nil {
		t.Fatalf("not a document of XML: %v\n%s", err, svg)
	}
	return string(svg)
}

func wellFormed(s string) error {
	d := xml.NewDecoder(strings.NewReader(s))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// golden compares got with a file in testdata, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs from what is drawn; look at both, then run with -update", path)
	}
}

func dayAfter(day string, n int) domain.Date {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	return domain.Date(t.AddDate(0, 0, n).Format(time.DateOnly))
}
