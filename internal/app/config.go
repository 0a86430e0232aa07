package app

import (
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/tracing"
)

// Config is the configuration, by flags, variables of the environment and a file.
type Config struct {
	File    string // the file of settings; empty: none
	Data    string // the folder of the embedded stores
	DeskDSN string
	LiveDSN string

	LogFormat string // "text" or "json"
	LogLevel  string // "debug", "info", "warn", "error"; empty: the default of the command

	// The files that hold DeskDSN and LiveDSN; empty: they are given themselves.
	DeskDSNFile, LiveDSNFile string

	// The following are for serve only.
	Addr string
	TLS  TLSConfig
	// MetricsAddr is where /metrics is served; empty: nowhere.
	MetricsAddr string
	// MetricsOptional reports that MetricsAddr is the default: where it is taken, the server starts without it.
	MetricsOptional bool
	// LiveMaxLag is how far the server of LiveDSN may be behind the publication log;
	// 0 means defaultMaxLag.
	LiveMaxLag  time.Duration
	Demo        bool
	Paused      bool // no jobs are run until "redthread resume"
	CORSOrigins []string
	// PartialStatus is the status of responses with data and errors as
	// application/graphql-response+json; 0 means the transport's default.
	PartialStatus int
	// WithoutPlans leaves all queries to the executor: see graph.Config.
	WithoutPlans bool
	Site         SiteConfig
	OIDC         OIDCConfig
	Protection   ProtectionConfig
	Cache        CacheConfig
	Mail         MailConfig
	Editions     EditionsConfig
	// GraphMemory is how many bytes of memory the relationships of live may take; with 0 they are read from the database.
	GraphMemory Bytes
	// Tracing is by the variables of OpenTelemetry.
	Tracing tracing.Settings
	// WebhookAllowPrivate allows receivers of webhooks in private networks.
	WebhookAllowPrivate bool

	origins map[string]string // where each setting that was given is from, by its flag
	inForce []setting         // all settings, before defaults that depend on others
}

// defaultGraphMemory is enough for two and a half million relationships.
const defaultGraphMemory = 64 << 20

// variables maps flags to their environment variables. A flag overrides its
// variable; an empty variable is ignored.
var variables = map[string]string{
	"config":        "REDTHREAD_CONFIG",
	"data":          "REDTHREAD_DATA",
	"desk-dsn":      "REDTHREAD_DESK_DSN",
	"desk-dsn-file": "REDTHREAD_DESK_DSN_FILE",
	"live-dsn":      "REDTHREAD_LIVE_DSN",
	"live-dsn-file": "REDTHREAD_LIVE_DSN_FILE",
	"live-max-lag":  "REDTHREAD_LIVE_MAX_LAG",
	"log-format":    "REDTHREAD_LOG_FORMAT",
	"log-level":     "REDTHREAD_LOG_LEVEL",
	"addr":          "REDTHREAD_ADDR",
	"metrics-addr":  "REDTHREAD_METRICS_ADDR",
	"demo":          "REDTHREAD_DEMO",
	"paused":        "REDTHREAD_PAUSED",
	"cors-origin":   "REDTHREAD_CORS_ORIGINS",

	"tls-cert":       "REDTHREAD_TLS_CERT",
	"tls-key":        "REDTHREAD_TLS_KEY",
	"acme-domain":    "REDTHREAD_ACME_DOMAINS",
	"acme-email":     "REDTHREAD_ACME_EMAIL",
	"acme-directory": "REDTHREAD_ACME_DIRECTORY",
	"redirect-addr":  "REDTHREAD_REDIRECT_ADDR",

	"partial-status": "REDTHREAD_PARTIAL_STATUS",
	"without-plans":  "REDTHREAD_WITHOUT_PLANS",

	"public-url":    "REDTHREAD_PUBLIC_URL",
	"site-url":      "REDTHREAD_SITE_URL",
	"site-name":     "REDTHREAD_SITE_NAME",
	"report-url":    "REDTHREAD_REPORT_URL",
	"narrative-url": "REDTHREAD_NARRATIVE_URL",
	"entity-url":    "REDTHREAD_ENTITY_URL",
	"edition-url":   "REDTHREAD_EDITION_URL",
	"tag-url":       "REDTHREAD_TAG_URL",
	"series-url":    "REDTHREAD_SERIES_URL",

	"edition-pages": "REDTHREAD_EDITION_PAGES",
	"templates":     "REDTHREAD_TEMPLATES",

	"trusted-proxy":      "REDTHREAD_TRUSTED_PROXIES",
	"introspection":      "REDTHREAD_INTROSPECTION",
	"registered-only":    "REDTHREAD_REGISTERED_ONLY",
	"rate-limit-public":  "REDTHREAD_RATE_LIMIT_PUBLIC",
	"rate-limit-partner": "REDTHREAD_RATE_LIMIT_PARTNER",
	"rate-limit-staff":   "REDTHREAD_RATE_LIMIT_STAFF",

	"cache-size":            "REDTHREAD_CACHE_SIZE",
	"cache-max-age":         "REDTHREAD_CACHE_MAX_AGE",
	"cache-tags":            "REDTHREAD_CACHE_TAGS",
	"graph-memory":          "REDTHREAD_GRAPH_MEMORY",
	"webhook-allow-private": "REDTHREAD_WEBHOOK_ALLOW_PRIVATE",

	"mail-from":          "REDTHREAD_MAIL_FROM",
	"bounce-dir":         "REDTHREAD_BOUNCE_DIR",
	"mail-bounce-domain": "REDTHREAD_MAIL_BOUNCE_DOMAIN",
	"mail-folder":        "REDTHREAD_MAIL_FOLDER",
	"dkim-key":           "REDTHREAD_DKIM_KEYS",
	"smtp":               "REDTHREAD_SMTP",
	"smtp-tls":           "REDTHREAD_SMTP_TLS",
	"smtp-user":          "REDTHREAD_SMTP_USER",
	"smtp-password":      "REDTHREAD_SMTP_PASSWORD",
	"smtp-password-file": "REDTHREAD_SMTP_PASSWORD_FILE",
	"smtp-name":          "REDTHREAD_SMTP_NAME",
	"smtp-connections":   "REDTHREAD_SMTP_CONNECTIONS",
	"smtp-rate":          "REDTHREAD_SMTP_RATE",

	"oidc-issuer":          "REDTHREAD_OIDC_ISSUER",
	"oidc-audience":        "REDTHREAD_OIDC_AUDIENCES",
	"oidc-role-claim":      "REDTHREAD_OIDC_ROLE_CLAIM",
	"oidc-roles":           "REDTHREAD_OIDC_ROLES",
	"oidc-clearance-claim": "REDTHREAD_OIDC_CLEARANCE_CLAIM",
	"oidc-clearances":      "REDTHREAD_OIDC_CLEARANCES",
	"oidc-allow-private":   "REDTHREAD_OIDC_ALLOW_PRIVATE",
}

// usage returns the line of a flag in --help.
func usage(flag, text string) string { return text + " [$" + variables[flag] + "]" }

// commonFlags adds the flags of every command that opens the stores.
func (c *Config) commonFlags(f *pflag.FlagSet) {
	f.StringVar(&c.File, "config", "", usage("config", "`file` of settings in TOML, with the names of flags as its keys; flags and variables override it"))
	f.StringVar(&c.Data, "data", "./redthread-data", usage("data", "`folder` of the embedded stores"))
	f.StringVar(&c.DeskDSN, "desk-dsn", "", usage("desk-dsn", "PostgreSQL `URL` of both stores, in place of the folder; it may hold a password, so prefer the variable"))
	f.StringVar(&c.DeskDSNFile, "desk-dsn-file", "", usage("desk-dsn-file", "`file` that holds what would be --desk-dsn"))
	f.StringVar(&c.LiveDSN, "live-dsn", "", usage("live-dsn", "PostgreSQL `URL` from which live is read, such as a replica's; several replicas with semicolons between them"))
	f.StringVar(&c.LiveDSNFile, "live-dsn-file", "", usage("live-dsn-file", "`file` that holds what would be --live-dsn"))
	f.StringVar(&c.LogFormat, "log-format", "text", usage("log-format", "`form` of the log on standard error: text or json"))
	f.StringVar(&c.LogLevel, "log-level", "", usage("log-level", "least `level` that is logged: debug, info, warn or error (default info for serve, else warn)"))
}

// serveFlags adds the flags that only serve has.
func (c *Config) serveFlags(f *pflag.FlagSet) {
	f.StringVar(&c.Addr, "addr", "127.0.0.1:8080", usage("addr", "`address` to listen on; port 0 takes any that is free"))
	c.TLS.flags(f)
	f.StringVar(&c.MetricsAddr, "metrics-addr", defaultMetricsAddr, usage("metrics-addr", "`address` of /metrics for Prometheus, which anyone who reaches it can read; \"off\" for none"))
	f.DurationVar(&c.LiveMaxLag, "live-max-lag", defaultMaxLag, usage("live-max-lag",
		"`time` that what is read from --live-dsn may be behind before the server is not ready and its responses are no-store"))
	f.BoolVar(&c.Demo, "demo", false, usage("demo", "load the demo content if the desk is empty, and print the keys of an EDITOR and an ADMIN"))
	f.BoolVar(&c.Paused, "paused", false, usage("paused", "serve, but send no webhooks and carry out no schedules until \"redthread resume\""))
	f.StringSliceVar(&c.CORSOrigins, "cors-origin", nil, usage("cors-origin",
		"`origin` whose pages may call the API, such as https://site.example; repeat it or separate by commas (default all: no cookies are used)"))
	f.IntVar(&c.PartialStatus, "partial-status", transport.StatusPartialSuccess, usage("partial-status",
		"`status` of results with data and errors as application/graphql-response+json: 294, or 200 for clients behind old proxies"))
	f.BoolVar(&c.WithoutPlans, "without-plans", false, usage("without-plans", "run all queries with the executor, which takes more processor time; to find out whether a fault is one of plans"))
	c.Site.flags(f)
	c.OIDC.flags(f)
	c.Protection.flags(f)
	c.Cache.flags(f)
	c.GraphMemory = defaultGraphMemory
	f.Var(&c.GraphMemory, "graph-memory", usage("graph-memory", "`bytes` of memory for the relationships of live, about 24 for each; with 0, or if they need more, networks and paths are read from the database"))
	c.Mail.flags(f)
	c.Editions.flags(f)
	f.BoolVar(&c.WebhookAllowPrivate, "webhook-allow-private", false, usage("webhook-allow-private", "webhooks may be sent to private networks, and without https there"))
}

// resolve sets the flags that were not given from the environment and the file of settings, and checks the
// configuration.
func (c *Config) resolve(flags *pflag.FlagSet, getenv func(string) string) error {
	var p domain.Problems
	c.read(flags, getenv, &p)
	c.inForce = c.settings(flags)
	if f := flags.Lookup("metrics-addr"); f != nil {
		c.MetricsOptional = c.origins["metrics-addr"] == "" && c.MetricsAddr == defaultMetricsAddr
	}
	c.check(flags, &p)
	if flags.Lookup("addr") != nil {
		c.Tracing = tracing.Read(getenv, &p)
	}
	return p.Err("invalid configuration")
}

// check adds the problems of the configuration to p. No message quotes a DSN,
// because it may contain a password.
func (c *Config) check(flags *pflag.FlagSet, p *domain.Problems) {
	if c.Data == "" {
		p.Add("--data", "must not be empty")
	}
	checkDSN(c.DeskDSN, "--desk-dsn", p)
	for dsn := range strings.SplitSeq(c.LiveDSN, ";") {
		checkDSN(strings.TrimSpace(dsn), "--live-dsn", p)
	}
	if c.LiveDSN != "" && c.DeskDSN == "" {
		p.Add("--live-dsn", "has no effect without --desk-dsn")
	}
	if !slices.Contains([]string{"text", "json"}, c.LogFormat) {
		p.Add("--log-format", "want text or json, not %q", c.LogFormat)
	}
	if _, ok := levels[c.LogLevel]; !ok && c.LogLevel != "" {
		p.Add("--log-level", "want debug, info, warn or error, not %q", c.LogLevel)
	}
	if flags.Lookup("mail-from") != nil {
		c.Mail.check(p)
	}
	if flags.Lookup("addr") != nil {
		c.checkServe(p)
	}
}

func (c *Config) checkServe(p *domain.Problems) {
	c.Site.check(p)
	c.OIDC.check(p)
	c.Protection.check(p)
	c.Cache.check(p)
	if c.GraphMemory < 0 {
		p.Add("--graph-memory", "want a number of bytes, such as 64MiB, or 0")
	}
	if c.LiveMaxLag < minMaxLag {
		p.Add("--live-max-lag", "want a time of at least %s, such as 30s, not %s", minMaxLag, c.LiveMaxLag)
	}
	c.TLS.check(p)
	checkAddress("--addr", c.Addr, p)
	if c.MetricsAddr != noMetrics {
		checkAddress("--metrics-addr", c.MetricsAddr, p)
	}
	if !slices.Contains([]int{0, http.StatusOK, transport.StatusPartialSuccess}, c.PartialStatus) {
		p.Add("--partial-status", "want 200 or 294, not %d", c.PartialStatus)
	}
	for _, origin := range c.CORSOrigins {
		if origin != "*" && !isOrigin(origin) {
			p.Add("--cors-origin", "want scheme://host[:port], such as https://site.example or https://*.site.example, not %q", origin)
		}
	}
}

func checkAddress(flag, address string, p *domain.Problems) {
	if _, port, err := net.SplitHostPort(address); err != nil {
		p.Add(flag, "want host:port, such as 127.0.0.1:8080 or :8080, not %q", address)
	} else if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		p.Add(flag, "want a port from 0 to 65535, not %q", port)
	}
}

// keywordDSN matches the other form of a PostgreSQL DSN: "host=… user=…".
var keywordDSN = regexp.MustCompile(`^\s*\w+\s*=`)

func checkDSN(dsn, path string, p *domain.Problems) {
	if dsn == "" || strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") || keywordDSN.MatchString(dsn) {
		return
	}
	p.Add(path, "want postgres://user@host:5432/database")
}

func isOrigin(s string) bool {
	u, err := url.Parse(strings.Replace(s, "*", "x", 1))
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" &&
		u.User == nil && u.Path == "" && u.RawQuery == "" && u.Fragment == "" && !strings.Contains(u.Host, "*")
}

// stores returns the configuration of the stores.
func (c *Config) stores(log *slog.Logger) store.Config {
	return store.Config{Dir: c.Data, DeskDSN: c.DeskDSN, LiveDSN: c.LiveDSN, Log: log}
}

// location returns the location of the stores for messages, without a password.
func (c *Config) location() string {
	if c.DeskDSN == "" {
		return c.Data
	}
	if u, err := url.Parse(c.DeskDSN); err == nil && u.Host != "" {
		return fmt.Sprintf("PostgreSQL at %s%s", u.Host, u.Path)
	}
	return "PostgreSQL"
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
