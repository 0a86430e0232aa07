package docs_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/redthread-api/redthread/internal/app"
)

// documents returns the documents of a file of YAML, in which no key may be there twice.
func documents(t *testing.T, file string) []map[string]any {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	for in := yaml.NewDecoder(bytes.NewReader(raw)); ; {
		var d map[string]any
		if err := in.Decode(&d); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, d)
	}
}

// at returns a value in a document by keys and numbers; nil if it is not there.
func at(v any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[step]
		case int:
			l, _ := v.([]any)
			if step >= len(l) {
				return nil
			}
			v = l[step]
		}
	}
	return v
}

// All flags and variables that the examples use are those of the program, and so are paths, ports and commands.
func TestDeploymentUsesWhatIsThere(t *testing.T) {
	t.Parallel()
	commands, flags, variables := map[string]bool{}, map[string]bool{}, map[string]bool{}
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		commands[c.CommandPath()] = true
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			flags["--"+f.Name] = true
			if m := regexp.MustCompile(`\[\$(\w+)\]`).FindStringSubmatch(f.Usage); m != nil {
				variables[m[1]] = true
			}
		})
		for _, child := range c.Commands() {
			visit(child)
		}
	}
	visit(app.Commands())
	files, err := filepath.Glob("../examples/deploy/*")
	if err != nil || len(files) < 7 {
		t.Fatalf("found %v, %v", files, err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := string(raw)
		for _, v := range regexp.MustCompile(`\bREDTHREAD_[A-Z_]+`).FindAllString(text, -1) {
			if !variables[v] && v != "REDTHREAD_VERSION" {
				t.Errorf("%s has the variable %s, which the program does not", file, v)
			}
		}
		for _, m := range regexp.MustCompile(`redthread ((?:[a-z-]+ ?)+)((?: ?--[a-z-]+[= ][^-\n]*)*)`).FindAllStringSubmatch(text, -1) {
			for _, f := range regexp.MustCompile(`--[a-z-]+`).FindAllString(m[2], -1) {
				if !flags[f] {
					t.Errorf("%s has the flag %s, which the program does not", file, f)
				}
			}
		}
		for _, m := range regexp.MustCompile(`(?:exec .*|/usr/local/bin/)redthread ((?:key|serve|backup|migrate)(?: [a-z]+)?)`).FindAllStringSubmatch(text, -1) {
			if !commands["redthread "+m[1]] && !commands["redthread "+strings.Fields(m[1])[0]] {
				t.Errorf("%s has the command %q, which the program does not", file, m[1])
			}
		}
	}
}

func TestCompose(t *testing.T) {
	t.Parallel()
	d := documents(t, "../examples/deploy/compose.yaml")[0]
	services, _ := d["services"].(map[string]any)
	for name, s := range services {
		for _, network := range at(s, "networks").([]any) {
			if _, ok := d["networks"].(map[string]any)[network.(string)]; !ok {
				t.Errorf("%s is in the network %s, which is not there", name, network)
			}
		}
		for other := range mapOf(at(s, "depends_on")) {
			if services[other] == nil || at(services[other], "healthcheck") == nil {
				t.Errorf("%s waits for %s, which has no health check", name, other)
			}
		}
		if image, _ := at(s, "image").(string); !strings.Contains(image, ":") || strings.HasSuffix(image, ":latest") {
			t.Errorf("%s has the image %q, without a version", name, image)
		}
	}
	redthread := services["redthread"]
	if at(redthread, "read_only") != true || at(redthread, "cap_drop", 0) != "ALL" {
		t.Error("Redthread may do more than it needs")
	}
	// The proxy's headers are believed for its network.
	subnet := at(d, "networks", "front", "ipam", "config", 0, "subnet")
	if got := at(redthread, "environment", "REDTHREAD_TRUSTED_PROXIES"); got != subnet || subnet == nil {
		t.Errorf("proxies are trusted in %v, and the network is %v", got, subnet)
	}
	if at(d, "networks", "back", "internal") != true || slices.Contains(at(services["proxy"], "networks").([]any), any("back")) {
		t.Error("the databases can be reached from outside")
	}
	raw, err := os.ReadFile("../examples/deploy/compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	env, err := os.ReadFile("../examples/deploy/compose.env")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`[^$]\$\{(\w+)`).FindAllStringSubmatch(string(raw), -1) {
		if !regexp.MustCompile(`(?m)^` + m[1] + `=`).Match(env) {
			t.Errorf("compose.env lacks %s", m[1])
		}
	}
	caddy, err := os.ReadFile("../examples/deploy/Caddyfile")
	if err != nil || !strings.Contains(string(caddy), "reverse_proxy redthread:8080") || !strings.Contains(string(caddy), "health_uri /readyz") {
		t.Errorf("the Caddyfile leads elsewhere: %s, %v", caddy, err)
	}
}

func mapOf(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func TestKubernetes(t *testing.T) {
	t.Parallel()
	for file, kinds := range map[string][]string{
		"kubernetes-sqlite.yaml": {"Service", "StatefulSet"}, "kubernetes-postgresql.yaml": {"Service", "Deployment", "PodDisruptionBudget"},
	} {
		all := documents(t, "../examples/deploy/"+file)
		var got []string
		for _, d := range all {
			got = append(got, d["kind"].(string))
			if d["apiVersion"] == nil || at(d, "metadata", "name") != "redthread" {
				t.Errorf("%s: a %v without version or name", file, d["kind"])
			}
		}
		if !slices.Equal(got, kinds) {
			t.Errorf("%s has %v, want %v", file, got, kinds)
			continue
		}
		spec := at(all[1], "spec")
		labels := at(spec, "template", "metadata", "labels", "app.kubernetes.io/name")
		for _, selector := range []any{at(all[0], "spec", "selector"), at(spec, "selector", "matchLabels")} {
			if at(selector, "app.kubernetes.io/name") != labels {
				t.Errorf("%s: a selector does not find the pods", file)
			}
		}
		pod := at(spec, "template", "spec")
		container := at(pod, "containers", 0)
		for path, want := range map[string]any{
			"startupProbe": "/readyz", "readinessProbe": "/readyz", "livenessProbe": "/healthz",
		} {
			if at(container, path, "httpGet", "path") != want || at(container, path, "httpGet", "port") != "http" {
				t.Errorf("%s: the %s is %v", file, path, at(container, path))
			}
		}
		if at(container, "ports", 0, "name") != "http" || at(container, "ports", 0, "containerPort") != 8080 || at(all[0], "spec", "ports", 0, "targetPort") != "http" {
			t.Errorf("%s: the ports do not fit", file)
		}
		if at(pod, "securityContext", "runAsNonRoot") != true || at(pod, "securityContext", "runAsUser") != 65532 || at(pod, "securityContext", "seccompProfile", "type") != "RuntimeDefault" ||
			at(container, "securityContext", "readOnlyRootFilesystem") != true || at(container, "securityContext", "allowPrivilegeEscalation") != false ||
			at(container, "securityContext", "capabilities", "drop", 0) != "ALL" || at(pod, "automountServiceAccountToken") != false {
			t.Errorf("%s: the pod may do more than it needs", file)
		}
		if at(container, "resources", "limits", "memory") == nil || at(container, "resources", "requests", "cpu") == nil {
			t.Errorf("%s: no resources are set", file)
		}
		// Every volume that is mounted is there.
		for _, m := range at(container, "volumeMounts").([]any) {
			there := at(spec, "volumeClaimTemplates", 0, "metadata", "name") == at(m, "name")
			volumes, _ := at(pod, "volumes").([]any)
			for _, v := range volumes {
				there = there || at(v, "name") == at(m, "name")
			}
			if !there {
				t.Errorf("%s: the volume %v is not there", file, at(m, "name"))
			}
		}
	}
}

// The image that people build themselves is as the one of a release.
func TestContainerfile(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("../examples/deploy/Containerfile")
	if err != nil {
		t.Fatal(err)
	}
	image, err := os.ReadFile("../internal/release/image.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`ENTRYPOINT ["/usr/local/bin/redthread"]`, `CMD ["serve"]`, "USER 65532:65532", "VOLUME /var/lib/redthread", "WORKDIR /var/lib/redthread", "EXPOSE 8080", "FROM scratch"} {
		if !strings.Contains(string(file), want) {
			t.Errorf("the Containerfile lacks %s", want)
		}
	}
	env := regexp.MustCompile(`(?m)^ENV (.*)$`).FindStringSubmatch(string(file))
	for _, v := range strings.Fields(env[1]) {
		name, value, _ := strings.Cut(v, "=")
		if !strings.Contains(string(image), `"`+name+"="+value+`"`) && !strings.Contains(string(image), `"`+name+`=" + dataFolder`) {
			t.Errorf("the image of a release has no %s", v)
		}
	}
	version := regexp.MustCompile(`(?m)^go (1\.\d+)`)
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if want := "golang:" + version.FindStringSubmatch(string(mod))[1]; !strings.Contains(string(file), want+" ") {
		t.Errorf("the Containerfile does not compile with %s", want)
	}
}

// The workflows run what people run, with actions of a set version and no more rights than they need.
func TestWorkflows(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../.github/workflows/*.yaml")
	if err != nil || len(files) != 2 {
		t.Fatalf("found %v, %v", files, err)
	}
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		d := documents(t, file)[0]
		if at(d, "permissions", "contents") != "read" {
			t.Errorf("%s has more rights than to read", file)
		}
		for name, job := range mapOf(d["jobs"]) {
			if at(job, "timeout-minutes") == nil {
				t.Errorf("%s: %s may run for hours", file, name)
			}
			for _, step := range at(job, "steps").([]any) {
				if uses, _ := at(step, "uses").(string); uses != "" && !regexp.MustCompile(`^actions/[a-z-]+@v\d+\.\d+\.\d+$`).MatchString(uses) {
					t.Errorf("%s: %s has no full version", file, uses)
				}
				run, _ := at(step, "run").(string)
				if target, ok := strings.CutPrefix(run, "make "); ok && !strings.Contains(string(makefile), "\n"+target+":") {
					t.Errorf("%s: there is no %s", file, run)
				}
				if script, ok := strings.CutPrefix(run, "bash "); ok {
					if _, err := os.Stat("../" + script); err != nil {
						t.Errorf("%s: %v", file, err)
					}
				}
			}
		}
	}
}

// Issue forms have what the site that shows them asks for.
func TestIssueForms(t *testing.T) {
	t.Parallel()
	config := documents(t, "../.github/ISSUE_TEMPLATE/config.yml")[0]
	links, _ := config["contact_links"].([]any)
	var urls []string
	for _, l := range links {
		urls = append(urls, at(l, "url").(string))
		if at(l, "name") == nil || at(l, "about") == nil {
			t.Errorf("a link without a name: %v", l)
		}
	}
	if len(urls) < 2 || !strings.HasSuffix(urls[1], "/SECURITY.md") || config["blank_issues_enabled"] != false {
		t.Errorf("got %v", config)
	}
	for _, form := range []string{"bug", "feature"} {
		d := documents(t, "../.github/ISSUE_TEMPLATE/"+form+".yml")[0]
		if d["name"] == nil || d["description"] == nil {
			t.Errorf("%s has no name or description", form)
		}
		ids := map[any]bool{}
		for _, part := range at(d, "body").([]any) {
			kind, id := at(part, "type"), at(part, "id")
			if !slices.Contains([]any{"markdown", "textarea", "input", "dropdown", "checkboxes"}, kind) || kind != "markdown" && (id == nil || ids[id] || at(part, "attributes", "label") == nil) {
				t.Errorf("%s: %v", form, part)
			}
			ids[id] = true
		}
	}
}
