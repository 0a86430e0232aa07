package bounce_test

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/redthread-api/redthread/internal/newsletter/bounce"
)

var (
	oldKey = []byte("an old key of thirty-two bytes..")
	newKey = []byte("a new key of thirty-two bytes...")
)

func tokens(t testing.TB, keys ...[]byte) *bounce.Tokens {
	t.Helper()
	all, err := bounce.NewTokens("news.example.org", keys...)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestTokens(t *testing.T) {
	t.Parallel()
	old, rotated, other := tokens(t, oldKey), tokens(t, newKey, oldKey), tokens(t, []byte("the key of another server......."))
	shape := regexp.MustCompile(`^[a-z2-7]{26}$`)
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.Int64().Draw(t, "id")
		token := old.Token(id)
		if !shape.MatchString(token) {
			t.Fatalf("got the token %q", token)
		}
		for name, in := range map[string]string{"as it is": token, "in upper case": strings.ToUpper(token)} {
			if got, err := rotated.Read(in); err != nil || got != id {
				t.Errorf("%s: got %d %v, want %d", name, got, err, id)
			}
		}
		if got, err := other.Read(token); err == nil {
			t.Errorf("another key: got %d, want an error", got)
		}
		if got := rotated.Token(id); got == token {
			t.Errorf("the first key does not sign")
		}
		i := rapid.IntRange(0, len(token)-2).Draw(t, "changed")
		c := rapid.SampledFrom([]byte("abcdefghijklmnopqrstuvwxyz234567")).Draw(t, "to")
		if changed := token[:i] + string(c) + token[i+1:]; changed != token {
			if got, err := rotated.Read(changed); err == nil {
				t.Errorf("a changed token: got %d, want an error", got)
			}
		}
	})
	if got, want := old.ReturnPath(7), "bounces+"+old.Token(7)+"@news.example.org"; got != want {
		t.Errorf("return path: got %s, want %s", got, want)
	}
	if got, want := old.MessageID(7), old.Token(7)+"@news.example.org"; got != want {
		t.Errorf("Message-ID: got %s, want %s", got, want)
	}
	for _, in := range []string{"", "a", strings.Repeat("a", 26), strings.Repeat("1", 26), strings.Repeat("=", 26)} {
		if _, err := old.Read(in); err == nil {
			t.Errorf("Read(%q): got no error", in)
		}
	}
}

func TestNewTokensRefuses(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		domain string
		keys   [][]byte
	}{
		"no key":      {"news.example.org", nil},
		"a short key": {"news.example.org", [][]byte{newKey, []byte("short")}},
		"no domain":   {"", [][]byte{newKey}},
		"a bad one":   {"a b.example", [][]byte{newKey}},
	} {
		if _, err := bounce.NewTokens(row.domain, row.keys...); err == nil || strings.Contains(err.Error(), "short") {
			t.Errorf("%s: got %v, want an error", name, err)
		}
	}
}
