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

// CacheConfig configures the response cache.
type CacheConfig struct {
	Size   Bytes         // of the entries in the process; 0: nothing is cached
	MaxAge time.Duration // of public responses, for browsers and proxies
	Tags   bool          // public responses have cache tags
}

// maxMaxAge is the largest MaxAge. Browsers and proxies may use a response for so long
// after its content was changed or unpublished.
const maxMaxAge = 24 * time.Hour

func (c *CacheConfig) flags(f *pflag.FlagSet) {
	c.Size = respcache.DefaultSize
	f.Var(&c.Size, "cache-size", usage("cache-size", "`bytes` of memory for the response cache; 0 turns it off"))
	f.DurationVar(&c.MaxAge, "cache-max-age", 0, usage("cache-max-age",
		"`time` for which browsers and proxies may reuse public responses without revalidation, such as 30s; 0 requires revalidation each time"))
	f.BoolVar(&c.Tags, "cache-tags", false, usage("cache-tags",
		"add Cache-Tag and Surrogate-Key to public responses, by which a CDN can purge them"))
}

func (c *CacheConfig) check(p *domain.Problems) {
	if c.Size < 0 {
		p.Add("--cache-size", "want a number of bytes, such as 64MiB, or 0")
	}
	if c.MaxAge < 0 || c.MaxAge > maxMaxAge || c.MaxAge%time.Second != 0 {
		p.Add("--cache-max-age", "want whole seconds up to 24h, such as 30s, not %s", c.MaxAge)
	}
}

// Bytes is a number of bytes, written with an optional unit such as MiB.
type Bytes int64

var byteUnits = []struct {
	name string
	size Bytes
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

// String writes the number in the largest unit in which it is whole.
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

// Type is the name of the value in the usage of a flag.
func (*Bytes) Type() string { return "bytes" }
