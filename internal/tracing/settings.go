package tracing

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

// Settings are those of OpenTelemetry's variables.
type Settings struct {
	Endpoint string // the URL that takes spans; empty: traces are off
	Headers  map[string]string
	Timeout  time.Duration // of one export
	Gzip     bool

	Resource []Attribute // what the spans are of, service.name among it

	QueueSize, BatchSize int
	Delay                time.Duration // between two exports

	sampler sampler
}

// Enabled reports whether traces are on.
func (s Settings) Enabled() bool { return s.Endpoint != "" }

// defaultEndpoint is where a collector listens on this machine.
const defaultEndpoint = "http://localhost:4318"

// The defaults of the specification.
const (
	defaultTimeout   = 10 * time.Second
	defaultQueueSize = 2048
	defaultBatchSize = 512
	defaultDelay     = 5 * time.Second
)

// Read reads the variables. Traces are on if there is an endpoint, or OTEL_TRACES_EXPORTER is otlp. It adds to p what is
// not valid.
func Read(getenv func(string) string, p *domain.Problems) Settings {
	r := reader{getenv: getenv, problems: p}
	s := Settings{
		Timeout: r.milliseconds(defaultTimeout, "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"),
		Delay:   r.milliseconds(defaultDelay, "OTEL_BSP_SCHEDULE_DELAY"), QueueSize: r.number(defaultQueueSize, "OTEL_BSP_MAX_QUEUE_SIZE"),
		BatchSize: r.number(defaultBatchSize, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"),
		Headers:   r.pairs("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"),
		Gzip:      r.oneOf("none", []string{"none", "gzip"}, "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION") == "gzip",
		sampler:   r.sampler(),
	}
	// http/protobuf is what most collectors are set up for; they take JSON at the same address.
	r.oneOf("http/json", []string{"http/json", "http/protobuf"}, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
	exporter := r.oneOf("", []string{"otlp", "none"}, "OTEL_TRACES_EXPORTER")
	endpoint := r.endpoint()
	s.Resource = r.resource()
	switch {
	case strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") || exporter == "none":
	case endpoint != "":
		s.Endpoint = endpoint
	case exporter == "otlp":
		s.Endpoint = defaultEndpoint + tracesPath
	}
	return s
}

// reader reads variables.
type reader struct {
	getenv   func(string) string
	problems *domain.Problems
}

// first returns the first variable that is set, and its name.
func (r reader) first(names ...string) (value, name string) {
	for _, name := range names {
		if value := strings.TrimSpace(r.getenv(name)); value != "" {
			return value, name
		}
	}
	return "", ""
}

func (r reader) number(def int, names ...string) int {
	text, name := r.first(names...)
	if text == "" {
		return def
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 1<<20 {
		r.problems.Add(name, "want a whole number from 1 to %d", 1<<20)
		return def
	}
	return n
}

func (r reader) milliseconds(def time.Duration, names ...string) time.Duration {
	text, name := r.first(names...)
	if text == "" {
		return def
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 1<<30 {
		r.problems.Add(name, "want a number of milliseconds")
		return def
	}
	return time.Duration(n) * time.Millisecond
}

func (r reader) oneOf(def string, values []string, names ...string) string {
	text, name := r.first(names...)
	for _, value := range values {
		if strings.EqualFold(text, value) {
			return value
		}
	}
	if text != "" {
		r.problems.Add(name, "want %s", strings.Join(values, " or "))
	}
	return def
}

// pairs reads a list of key=value with commas between them, whose values are percent-encoded.
func (r reader) pairs(names ...string) map[string]string {
	text, name := r.first(names...)
	pairs := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		key, value, ok := strings.Cut(pair, "=")
		decoded, err := url.PathUnescape(strings.TrimSpace(value))
		if key = strings.TrimSpace(key); !ok || key == "" || err != nil || strings.ContainsAny(decoded, "\r\n") {
			r.problems.Add(name, "want key=value, with commas between several") // the value may be secret
			continue
		}
		pairs[key] = decoded
	}
	return pairs
}

const tracesPath = "/v1/traces"

// endpoint returns the URL that takes spans. That of traces is used as it is; the general one has the path appended.
func (r reader) endpoint() string {
	text, name := r.first("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		r.problems.Add(name, "want a URL such as %s", defaultEndpoint)
		return ""
	}
	if _, port, _ := net.SplitHostPort(u.Host); port == "4317" {
		r.problems.Add(name, "port 4317 is that of gRPC; want the one of HTTP, which is 4318")
		return ""
	}
	if name == "OTEL_EXPORTER_OTLP_ENDPOINT" {
		u = u.JoinPath(tracesPath)
	} else if u.Path == "" {
		u.Path = "/"
	}
	return u.String()
}

// resource returns the attributes of the resource.
func (r reader) resource() []Attribute {
	pairs := r.pairs("OTEL_RESOURCE_ATTRIBUTES")
	if name := strings.TrimSpace(r.getenv("OTEL_SERVICE_NAME")); name != "" {
		pairs["service.name"] = name
	}
	if pairs["service.name"] == "" {
		pairs["service.name"] = "redthread"
	}
	var all []Attribute
	for key, value := range pairs {
		all = append(all, Attribute{key, value})
	}
	return all
}

// sampler reads OTEL_TRACES_SAMPLER and its argument; by default all traces are recorded, but for those of which a client
// says that they are not.
func (r reader) sampler() sampler {
	text, name := r.first("OTEL_TRACES_SAMPLER")
	kind, parentBased := strings.CutPrefix(text, "parentbased_")
	s := sampler{ratio: 1, parentBased: parentBased || text == ""}
	switch kind {
	case "", "always_on":
	case "always_off":
		s.ratio = 0
	case "traceidratio":
		arg := strings.TrimSpace(r.getenv("OTEL_TRACES_SAMPLER_ARG"))
		if arg == "" {
			break
		}
		ratio, err := strconv.ParseFloat(arg, 64)
		if err != nil || ratio < 0 || ratio > 1 {
			r.problems.Add("OTEL_TRACES_SAMPLER_ARG", "want a number from 0 to 1")
			break
		}
		s.ratio = ratio
	default:
		r.problems.Add(name, "want always_on, always_off or traceidratio, or one of these with parentbased_ before it")
	}
	return s
}

// String describes where spans are sent, for the log. It leaves out the headers, which can be secret.
func (s Settings) String() string {
	u, err := url.Parse(s.Endpoint)
	if err != nil {
		return "off"
	}
	return fmt.Sprint(u.Redacted())
}
