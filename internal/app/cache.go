package app

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/server/respcache"
)

// CacheConfig is what can be set about keeping answers.
type CacheConfig struct {
	Size   Bytes         // what the process keeps; 0: nothing
	MaxAge time.Duration // for how long others may go without asking again
}

// maxMaxAge is the longest that others may use an answer that was unpublished
// or changed: a day.
const maxMaxAge = 24 * time.Hour

func (c *CacheConfig) flags(f *pflag.FlagSet) {
	c.Size = respcache.DefaultSize
	f.Var(&c.Size, "cache-size", usage("cache-size", "`bytes` of memory for answers that are kept until something is published; 0 keeps none"))
	f.DurationVar(&c.MaxAge, "cache-max-age", 0, usage("cache-max-age",
		"`time` for which browsers and proxies may use public answers without asking again, such as 30s; 0 has them ask each time"))
}

func (c *CacheConfig) check(p *domain.Problems) {
	if c.Size < 0 {
		p.Add("--cache-size", "want a number of bytes, such as 64MiB, or 0")
	}
	if c.MaxAge < 0 || c.MaxAge > maxMaxAge || c.MaxAge%time.Second != 0 {
		p.Add("--cache-max-age", "want whole seconds up to 24h, such as 30s, not %s", c.MaxAge)
	}
}

// Bytes is a number of bytes as people write it.
type Bytes int64

var byteUnits = []struct {
	name string
	size Bytes
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

// String writes the largest unit that leaves no rest.
func (b Bytes) String() string {
	for _, unit := range byteUnits {
		if b != 0 && b%unit.size == 0 {
			return strconv.FormatInt(int64(b/unit.size), 10) + unit.name
		}
	}
	return strconv.FormatInt(int64(b), 10)
}

// Set reads a whole number with or without a unit.
func (b *Bytes) Set(text string) error {
	number, unit := strings.TrimSpace(text), Bytes(1)
	for _, u := range byteUnits {
		if rest, ok := strings.CutSuffix(number, u.name); ok {
			number, unit = strings.TrimSpace(rest), u.size
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > (1<<50)/int64(unit) {
		return errors.New("want a number of bytes, such as 64MiB")
	}
	*b = Bytes(n) * unit
	return nil
}

// Type is what the flag's value is called.
func (*Bytes) Type() string { return "bytes" }
