package mail_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/newsletter/mail"
)

func openFolder(t testing.TB, now func() time.Time) (*mail.Folder, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "messages")
	f, err := mail.OpenFolder(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f, dir
}

func TestFolder(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 29, 7, 0, 0, 0, time.UTC)
	f, dir := openFolder(t, func() time.Time { now = now.Add(time.Second); return now })
	m := newsletter()
	var want []string
	for _, subject := range []string{"One", "Two 漢字", "Three"} {
		m.Subject = subject
		if got := f.Submit(t.Context(), to("reader"), compose(t, m)); got.Status != mail.Submitted || strings.Contains(got.Text, "@") {
			t.Fatalf("got %+v, want submitted", got)
		}
		want = append([]string{subject}, want...)
	}
	// Files of others are no messages, or are listed as what cannot be read.
	for name, content := range map[string]string{"notes.txt": "", "20261129T000000.000000-0123456789abcdef.eml": "no message", "x.eml.tmp": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want = append(want, "(the message cannot be read)")
	all, err := f.List("", 10)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range all {
		got = append(got, m.Subject)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("subjects (-want +got):\n%s", d)
	}
	page, err := f.List(all[0].Name, 1)
	if err != nil || len(page) != 1 || page[0].Name != all[1].Name {
		t.Errorf("the second page: got %v %v", page, err)
	}
	if all[0].To != "reader@example.net" || !all[0].Date.Equal(m.Date) || !strings.Contains(all[0].From, "The Red Report") {
		t.Errorf("got %+v", all[0])
	}

	opened, err := f.Open(all[0].Name)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(opened.Text, "The Red Report\r\n") || !strings.Contains(opened.HTML, "汉字") || len(opened.Pictures) != 1 ||
		opened.Pictures[0].ID != "mark@news.example.org" || !bytes.Equal(opened.Pictures[0].Data, m.Pictures[0].Data) {
		t.Errorf("got the parts %q, %q, %d pictures", opened.Text, opened.HTML, len(opened.Pictures))
	}
	if d := cmp.Diff([]string{m.List.UnsubscribeURL, m.List.UnsubscribeMail}, opened.Unsubscribe); d != "" {
		t.Errorf("unsubscribe (-want +got):\n%s", d)
	}
	if !bytes.HasPrefix(opened.Raw, []byte("Return-Path: <bounces+k3j9@news.example.org>\r\nDelivered-To: reader@example.net\r\nDate: ")) {
		t.Errorf("got the source %q", opened.Raw[:100])
	}
	if _, err := f.Open(all[3].Name); err != nil {
		t.Errorf("what is no message: %v", err)
	}
	for _, name := range []string{"", "../x.eml", "notes.txt", "20261129T000000.000000-0123456789abcdee.eml", "/etc/passwd"} {
		if _, err := f.Open(name); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("Open(%q): got %v, want not found", name, err)
		}
	}
}

func TestFolderRefuses(t *testing.T) {
	t.Parallel()
	f, dir := openFolder(t, time.Now)
	if got := f.Submit(t.Context(), mail.Envelope{From: "a@example.org", To: "b"}, nil); got.Status != mail.Failed {
		t.Errorf("a bad recipient: got %+v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := f.Submit(ctx, to("reader"), nil); got.Status != mail.Deferred {
		t.Errorf("interrupted: got %+v", got)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if got := f.Submit(t.Context(), to("reader"), nil); got.Status != mail.Deferred || strings.Contains(got.Text, "@") {
		t.Errorf("a folder that is gone: got %+v, want deferred", got)
	}
}
