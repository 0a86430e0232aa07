package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// testPrograms are a few bytes, which say of themselves what the tests' own program says.
func testPrograms(t *testing.T) []program {
	t.Helper()
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	info, err := buildinfo.ReadFile(own)
	if err != nil {
		t.Fatal(err)
	}
	info.Main.Path = "github.com/redthread-api/redthread"
	file := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(file, []byte("a program"), 0o755); err != nil {
		t.Fatal(err)
	}
	return []program{
		{platform{"linux", "amd64"}, file, info}, {platform{"linux", "arm64"}, file, info}, {platform{"windows", "amd64"}, file, info},
	}
}

func testVersion() version {
	return version{number: "0.1.0", tag: "v0.1.0", commit: "0123456789abcdef0123456789abcdef01234567", at: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC), gotool: runtime.Version()}
}

// pack makes everything but the programs into a folder.
func pack(t *testing.T) string {
	t.Helper()
	out, programs, v := t.TempDir(), testPrograms(t), testVersion()
	licences, err := readLicences(t.Context(), programs)
	if err != nil {
		t.Fatal(err)
	}
	common, err := commonFiles(v)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range programs {
		made, err := packProgram(out, v, p, common, licences)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, made...)
	}
	image, err := packImage(out, v, programs)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeChecksums(out, append(names, image...)); err != nil {
		t.Fatal(err)
	}
	return out
}

// What is made of the same programs is the same, and has what people and machines look for.
func TestRelease(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: it is no test of concurrency")
	}
	t.Chdir("../..")
	out := pack(t)
	if err := compareFolders(out, pack(t)); err != nil {
		t.Errorf("the second time: %v", err)
	}
	read := func(name string) []byte {
		t.Helper()
		body, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	t.Run("Checksums", func(t *testing.T) {
		lines := strings.Split(strings.TrimSpace(string(read(checksumsFile))), "\n")
		files, _ := os.ReadDir(out)
		if len(lines) != len(files)-1 || !slices.IsSorted(lines) && len(lines) < 10 {
			t.Errorf("%d lines for %d files", len(lines), len(files))
		}
		for _, line := range lines {
			sum, name, _ := strings.Cut(line, "  ")
			if hexSum(read(name)) != sum {
				t.Errorf("%s has another checksum", name)
			}
		}
	})
	t.Run("Archives", func(t *testing.T) {
		linux := untar(t, gunzip(t, read("redthread_0.1.0_linux_amd64.tar.gz")))
		windows := unzip(t, read("redthread_0.1.0_windows_amd64.zip"))
		for _, name := range []string{"LICENSE", "NOTICES.txt", "README.md", "CHANGELOG.md", "man/man1/redthread.1", "man/man1/redthread-key-create.1",
			"completions/redthread.bash", "completions/_redthread", "completions/redthread.fish", "completions/redthread.ps1"} {
			if len(linux["redthread_0.1.0_linux_amd64/"+name]) == 0 || len(windows["redthread_0.1.0_windows_amd64/"+name]) == 0 {
				t.Errorf("%s is missing or empty", name)
			}
		}
		if linux["redthread_0.1.0_linux_amd64/redthread"] == "" || linux["redthread_0.1.0_linux_amd64/redthread.service"] == "" {
			t.Error("the archive for linux lacks the program or the unit of systemd")
		}
		if windows["redthread_0.1.0_windows_amd64/redthread.exe"] == "" || windows["redthread_0.1.0_windows_amd64/redthread.service"] != "" {
			t.Error("the archive for Windows has other files than it should")
		}
		page := linux["redthread_0.1.0_linux_amd64/man/man1/redthread-serve.1"]
		for _, want := range []string{".TH \"REDTHREAD-SERVE\" 1 \"2026-05-04\"", "\n.nf\n  /graphql         the API\n", `\fB\-\-addr\fR \fIaddress\fR`, "REDTHREAD_ADDR", ".SH EXAMPLES"} {
			if !strings.Contains(page, want) {
				t.Errorf("the manual page of serve lacks %q:\n%.1500s", want, page)
			}
		}
		if bad := regexp.MustCompile(`(?m)^['.].*`).FindAllString(page, -1); slices.ContainsFunc(bad, func(line string) bool {
			return !slices.Contains([]string{".TH", ".SH", ".TP", ".PP", ".nf", ".fi"}, strings.Fields(line)[0])
		}) {
			t.Errorf("a line is taken for a command: %q", bad)
		}
		notices := linux["redthread_0.1.0_linux_amd64/NOTICES.txt"]
		for _, want := range []string{"Go and its standard library", "modernc.org/sqlite", "github.com/spf13/cobra", "GraphiQL"} {
			if !strings.Contains(notices, want) {
				t.Errorf("the notices lack %s", want)
			}
		}
	})
	t.Run("CycloneDX", func(t *testing.T) { checkCycloneDX(t, read("redthread_0.1.0_linux_amd64.cdx.json")) })
	t.Run("SPDX", func(t *testing.T) { checkSPDX(t, read("redthread_0.1.0_linux_amd64.spdx.json")) })
	t.Run("Image", func(t *testing.T) { checkImage(t, filepath.Join(out, "redthread_0.1.0_image.tar")) })
}

func gunzip(t *testing.T, body []byte) io.Reader {
	t.Helper()
	plain, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// untar returns the files of a tar, and checks that it says nothing of the machine that made it.
func untar(t *testing.T, r io.Reader) map[string]string {
	t.Helper()
	files := map[string]string{}
	for in := tar.NewReader(r); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if !h.ModTime.Equal(testVersion().at) || h.Uname != "" || h.Uid != 0 && h.Uid != user {
			t.Errorf("%s: of %s, by %d %q", h.Name, h.ModTime, h.Uid, h.Uname)
		}
		body, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		files[h.Name] = string(body)
	}
}

func unzip(t *testing.T, body []byte) map[string]string {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range in.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err = errors.Join(err, r.Close()); err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(text)
	}
	return files
}

var (
	purl       = regexp.MustCompile(`^pkg:golang/[a-z0-9.%_~/-]+@[A-Za-z0-9.%_~-]+(\?goarch=\w+&goos=\w+)?$`)
	expression = regexp.MustCompile(`^[A-Za-z0-9.-]+( AND [A-Za-z0-9.-]+)*$`)
)

// checkCycloneDX checks what version 1.6 requires: https://cyclonedx.org/docs/1.6/json/.
func checkCycloneDX(t *testing.T, body []byte) {
	type part struct {
		Ref      string `json:"bom-ref"`
		Type     string
		Name     string
		Version  string
		PURL     string
		Licenses []struct{ Expression string }
		Hashes   []struct{ Alg, Content string }
	}
	var b struct {
		BOMFormat, SpecVersion, SerialNumber string
		Version                              int
		Metadata                             struct {
			Timestamp time.Time
			Component part
		}
		Components   []part
		Dependencies []struct {
			Ref       string
			DependsOn []string
		}
	}
	if err := json.Unmarshal(body, &b); err != nil {
		t.Fatal(err)
	}
	if b.BOMFormat != "CycloneDX" || b.SpecVersion != "1.6" || b.Version != 1 ||
		!regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(b.SerialNumber) {
		t.Errorf("got %s %s %d %s", b.BOMFormat, b.SpecVersion, b.Version, b.SerialNumber)
	}
	refs := map[string]bool{}
	for _, c := range append(b.Components, b.Metadata.Component) {
		if refs[c.Ref] || c.Ref == "" || c.Name == "" || c.Version == "" || !purl.MatchString(c.PURL) || c.Type != "library" && c.Type != "application" {
			t.Errorf("component %+v", c)
		}
		if len(c.Licenses) != 1 || !expression.MatchString(c.Licenses[0].Expression) {
			t.Errorf("%s: the licence is %v", c.Name, c.Licenses)
		}
		refs[c.Ref] = true
	}
	if len(b.Components) < 40 || len(b.Dependencies) != len(b.Components)+1 || len(b.Dependencies[0].DependsOn) != len(b.Components) {
		t.Errorf("%d components and %d dependencies", len(b.Components), len(b.Dependencies))
	}
	for _, d := range b.Dependencies {
		for _, ref := range append(d.DependsOn, d.Ref) {
			if !refs[ref] {
				t.Errorf("a dependency on %q, which is no component", ref)
			}
		}
	}
	if h := b.Metadata.Component.Hashes; len(h) != 1 || h[0].Alg != "SHA-256" || len(h[0].Content) != 64 || !b.Metadata.Timestamp.Equal(testVersion().at) {
		t.Errorf("the program: %+v at %s", b.Metadata.Component, b.Metadata.Timestamp)
	}
}

// checkSPDX checks what version 2.3 requires: https://spdx.github.io/spdx-spec/v2.3/.
func checkSPDX(t *testing.T, body []byte) {
	var d struct {
		SPDXVersion, DataLicense, SPDXID, Name, DocumentNamespace string
		CreationInfo                                              struct {
			Created  string
			Creators []string
		}
		Packages []struct {
			SPDXID, Name, VersionInfo, DownloadLocation, LicenseConcluded, LicenseDeclared, CopyrightText string
			FilesAnalyzed                                                                                 *bool
			ExternalRefs                                                                                  []struct{ ReferenceCategory, ReferenceType, ReferenceLocator string }
		}
		Relationships []struct{ SPDXElementID, RelationshipType, RelatedSPDXElement string }
	}
	if err := json.Unmarshal(body, &d); err != nil {
		t.Fatal(err)
	}
	if d.SPDXVersion != "SPDX-2.3" || d.DataLicense != "CC0-1.0" || d.SPDXID != "SPDXRef-DOCUMENT" || d.Name == "" ||
		!strings.HasPrefix(d.DocumentNamespace, "https://") || strings.Contains(d.DocumentNamespace, "#") ||
		d.CreationInfo.Created != "2026-05-04T03:02:01Z" || len(d.CreationInfo.Creators) != 2 {
		t.Errorf("got %+v", d.CreationInfo)
	}
	ids := map[string]bool{"SPDXRef-DOCUMENT": true}
	for _, p := range d.Packages {
		if ids[p.SPDXID] || !regexp.MustCompile(`^SPDXRef-[A-Za-z0-9.-]+$`).MatchString(p.SPDXID) || p.Name == "" || p.VersionInfo == "" || p.DownloadLocation == "" ||
			p.FilesAnalyzed == nil || *p.FilesAnalyzed || p.LicenseConcluded != "NOASSERTION" || !expression.MatchString(p.LicenseDeclared) || p.CopyrightText != "NOASSERTION" {
			t.Errorf("package %+v", p)
		}
		if len(p.ExternalRefs) != 1 || p.ExternalRefs[0].ReferenceCategory != "PACKAGE-MANAGER" || p.ExternalRefs[0].ReferenceType != "purl" || !purl.MatchString(p.ExternalRefs[0].ReferenceLocator) {
			t.Errorf("%s: %+v", p.Name, p.ExternalRefs)
		}
		ids[p.SPDXID] = true
	}
	described := 0
	for _, r := range d.Relationships {
		if !ids[r.SPDXElementID] || !ids[r.RelatedSPDXElement] {
			t.Errorf("a relationship of what is not there: %+v", r)
		}
		if r.RelationshipType == "DESCRIBES" {
			described++
		}
	}
	if described != 1 || len(d.Relationships) != len(d.Packages) {
		t.Errorf("%d relationships, of which %d describe, and %d packages", len(d.Relationships), described, len(d.Packages))
	}
}

// checkImage checks the image as OCI layout and as docker load reads it.
func checkImage(t *testing.T, file string) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }() // it is only read
	dir := t.TempDir()
	for name, body := range untar(t, f) {
		if strings.HasSuffix(name, "/") {
			continue
		}
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, []byte(body), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	outer, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(outer); err != nil {
		t.Error(err)
	}
	manifest, err := outer.IndexManifest()
	if err != nil || len(manifest.Manifests) != 1 || manifest.Manifests[0].Annotations["org.opencontainers.image.ref.name"] != "0.1.0" {
		t.Fatalf("the layout names %+v, %v", manifest, err)
	}
	index, err := outer.ImageIndex(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	inner, err := index.IndexManifest()
	if err != nil || len(inner.Manifests) != 2 {
		t.Fatalf("got %+v, %v", inner, err)
	}
	for i, arch := range []string{"amd64", "arm64"} {
		d := inner.Manifests[i]
		if d.Platform.OS != "linux" || d.Platform.Architecture != arch {
			t.Errorf("got %+v", d.Platform)
		}
		image, err := index.Image(d.Digest)
		if err != nil {
			t.Fatal(err)
		}
		checkConfig(t, image, arch)
	}
	for _, tag := range []string{"redthread:0.1.0", "redthread:0.1.0-amd64", "redthread:0.1.0-arm64"} {
		image, err := imageOfTag(file, tag)
		if err != nil {
			t.Errorf("%s: %v", tag, err)
			continue
		}
		checkConfig(t, image, map[bool]string{true: "arm64", false: "amd64"}[strings.HasSuffix(tag, "arm64")])
	}
}

// checkConfig checks how an image runs, and what is in it.
func checkConfig(t *testing.T, image v1.Image, arch string) {
	t.Helper()
	c, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if c.OS != "linux" || c.Architecture != arch || c.Config.User != "65532:65532" || !slices.Equal(c.Config.Entrypoint, []string{"/usr/local/bin/redthread"}) ||
		!slices.Equal(c.Config.Cmd, []string{"serve"}) || c.Config.WorkingDir != "/var/lib/redthread" || !slices.Contains(c.Config.Env, "REDTHREAD_DATA=/var/lib/redthread") ||
		!c.Created.Equal(testVersion().at) || len(c.History) != 2 || len(c.Config.Volumes) != 1 {
		t.Errorf("got %+v", c)
	}
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, layer := range layers {
		body, err := layer.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		for in := tar.NewReader(body); ; {
			h, err := in.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, h.Name)
			switch h.Name {
			case "var/lib/redthread/":
				if h.Uid != user || h.Gid != user || h.Mode != 0o700 {
					t.Errorf("the volume is of %d:%d with mode %o", h.Uid, h.Gid, h.Mode)
				}
			case "tmp/":
				if h.Mode != 0o1777 {
					t.Errorf("/tmp has mode %o", h.Mode)
				}
			default:
				if h.Uid != 0 || h.Mode&0o022 != 0 {
					t.Errorf("%s is of %d with mode %o", h.Name, h.Uid, h.Mode)
				}
			}
		}
	}
	want := []string{"etc/", "etc/group", "etc/passwd", "etc/ssl/", "etc/ssl/certs/", "etc/ssl/certs/ca-certificates.crt", "tmp/", "usr/", "usr/local/", "usr/local/bin/",
		"usr/local/bin/redthread", "var/", "var/lib/", "var/lib/redthread/"}
	if slices.Sort(names); !slices.Equal(names, want) {
		t.Errorf("the image has %q", names)
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		args []string
		want string
	}{
		{[]string{"-platforms", "linux/amd64,plan9/386,js/wasm"}, "plan9/386"},
		{[]string{"-platforms", "linux/amd64,plan9/386,js/wasm"}, "js/wasm"},
		{[]string{"dist"}, `unexpected argument "dist"`},
		{[]string{"-o", "."}, "has files already"},
	} {
		if err := run(t.Context(), row.args, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%v: got %v, want %s", row.args, err, row.want)
		}
	}
	programs := testPrograms(t)
	if _, err := versionOf(programs, false); err == nil || !strings.Contains(err.Error(), "git clone") {
		t.Errorf("a program without a commit: got %v", err)
	}
	info := *programs[0].info
	info.Settings = append(slices.Clone(info.Settings), setting("vcs.revision", "abc"), setting("vcs.time", "2026-05-04T03:02:01Z"), setting("vcs.modified", "true"))
	info.Main.Version = "v0.0.0-2026+dirty"
	changed := []program{{programs[0].platform, programs[0].file, &info}}
	if _, err := versionOf(changed, false); err == nil || !strings.Contains(err.Error(), "-allow-changes") {
		t.Errorf("files that differ: got %v", err)
	}
	if v, err := versionOf(changed, true); err != nil || v.number != "0.0.0-2026-dirty" {
		t.Errorf("got %+v, %v", v, err)
	}
}

func setting(key, value string) debug.BuildSetting { return debug.BuildSetting{Key: key, Value: value} }

func imageOfTag(file, tag string) (v1.Image, error) {
	t, err := name.NewTag(tag)
	if err != nil {
		return nil, err
	}
	return tarball.ImageFromPath(file, &t)
}
