package main

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// user is who runs the program in the image. It is a number, so that Kubernetes can see that it is not root.
const user = 65532

// dataFolder is where the stores are in the image: a volume.
const dataFolder = "/var/lib/redthread"

// packImage writes an image for the programs for linux as one tar, and returns its name. The tar is an OCI image layout
// with one image for all architectures, for skopeo, crane, podman and containerd; manifest.json in it is for docker load.
// The image has the program, certificates and nothing else: no shell, no other program.
func packImage(out string, v version, programs []program) ([]string, error) {
	folder, err := os.MkdirTemp("", "redthread-image-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }() // what is left is of the temporary folder
	base, err := baseLayer(v)
	if err != nil {
		return nil, err
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	var docker []dockerImage
	for _, p := range programs {
		if p.os != "linux" {
			continue
		}
		image, err := imageOf(v, p, base)
		if err != nil {
			return nil, fmt.Errorf("the image for %s: %w", p.platform, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: p.os, Architecture: p.arch}}})
		one, err := forDocker(image, v, p)
		if err != nil {
			return nil, err
		}
		docker = append(docker, one)
	}
	if len(docker) == 0 {
		return nil, nil
	}
	path, err := layout.Write(folder, empty.Index)
	if err != nil {
		return nil, err
	}
	if err := path.AppendIndex(index, layout.WithAnnotations(map[string]string{
		"org.opencontainers.image.ref.name": v.number,
		// Docker reads its own name here, in the long form of a name without a registry.
		"io.containerd.image.name": "docker.io/library/redthread:" + v.number,
	})); err != nil {
		return nil, err
	}
	manifest, err := json.Marshal(docker)
	if err != nil {
		return nil, err
	}
	entries, err := readFolder(folder)
	if err != nil {
		return nil, err
	}
	var archive bytes.Buffer
	if err := writeTar(&archive, append(entries, entry{name: "manifest.json", mode: 0o644, body: manifest}), v.at); err != nil {
		return nil, err
	}
	name := "redthread_" + v.number + "_image.tar"
	return []string{name}, os.WriteFile(filepath.Join(out, name), archive.Bytes(), 0o644)
}

// baseLayer returns what is in the image beside the program.
func baseLayer(v version) (v1.Layer, error) {
	roots, err := certificates()
	if err != nil {
		return nil, err
	}
	folder := func(name string, mode fs.FileMode, uid int) entry { return entry{name: name, mode: mode, uid: uid} }
	file := func(name, body string) entry { return entry{name: name, mode: 0o644, body: []byte(body)} }
	return newLayer(v, []entry{
		folder("etc/", 0o755, 0), folder("etc/ssl/", 0o755, 0), folder("etc/ssl/certs/", 0o755, 0),
		file("etc/ssl/certs/ca-certificates.crt", roots),
		file("etc/passwd", fmt.Sprintf("root:x:0:0:root:/:/none\nnonroot:x:%d:%[1]d:nonroot:%s:/none\n", user, dataFolder)),
		file("etc/group", fmt.Sprintf("root:x:0:\nnonroot:x:%d:\n", user)),
		folder("tmp/", 0o777|fs.ModeSticky, 0),
		folder("var/", 0o755, 0), folder("var/lib/", 0o755, 0),
		folder(strings.TrimPrefix(dataFolder, "/")+"/", 0o700, user),
	})
}

// certificates returns the authorities that Mozilla trusts, as Go's module has them: those of the machine that makes the
// release would not be the same everywhere. The few that are trusted for some certificates only are left out, because a
// file cannot say that.
func certificates() (string, error) {
	var text strings.Builder
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		if err := pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			return "", err
		}
	}
	return text.String(), nil
}

func newLayer(v version, entries []entry) (v1.Layer, error) {
	var body bytes.Buffer
	if err := writeTar(&body, entries, v.at); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body.Bytes())), nil },
		tarball.WithMediaType(types.OCILayer), tarball.WithCompressionLevel(9))
}

// imageOf returns the image of one architecture.
func imageOf(v version, p program, base v1.Layer) (v1.Image, error) {
	body, err := os.ReadFile(p.file)
	if err != nil {
		return nil, err
	}
	top, err := newLayer(v, []entry{
		{name: "usr/", mode: 0o755}, {name: "usr/local/", mode: 0o755}, {name: "usr/local/bin/", mode: 0o755},
		{name: "usr/local/bin/redthread", mode: 0o755, body: body},
	})
	if err != nil {
		return nil, err
	}
	at := v1.Time{Time: v.at}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err = mutate.Append(image,
		mutate.Addendum{Layer: base, History: v1.History{Created: at, CreatedBy: "redthread release", Comment: "certificates and folders"}},
		mutate.Addendum{Layer: top, History: v1.History{Created: at, CreatedBy: "redthread release", Comment: "the program"}})
	if err != nil {
		return nil, err
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Created = p.os, p.arch, at
	file.Config = imageConfig(v)
	return mutate.ConfigFile(image, file)
}

func imageConfig(v version) v1.Config {
	return v1.Config{
		User:       fmt.Sprintf("%d:%[1]d", user),
		Entrypoint: []string{"/usr/local/bin/redthread"},
		Cmd:        []string{"serve"},
		Env: []string{
			"PATH=/usr/local/bin", "REDTHREAD_DATA=" + dataFolder, "REDTHREAD_ADDR=:8080", "REDTHREAD_LOG_FORMAT=json",
		},
		WorkingDir:   dataFolder,
		Volumes:      map[string]struct{}{dataFolder: {}},
		ExposedPorts: map[string]struct{}{"8080/tcp": {}},
		StopSignal:   "SIGTERM",
		Labels: map[string]string{
			"org.opencontainers.image.title":       "Redthread",
			"org.opencontainers.image.description": "A headless content API for research publishers",
			"org.opencontainers.image.source":      home,
			"org.opencontainers.image.version":     v.number,
			"org.opencontainers.image.revision":    v.commit,
			"org.opencontainers.image.created":     v.at.Format("2006-01-02T15:04:05Z"),
			"org.opencontainers.image.licenses":    "Apache-2.0",
		},
	}
}

// dockerImage is an image in manifest.json.
type dockerImage struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// forDocker describes an image for versions of docker load that do not read OCI layouts. They have no images of
// several architectures: the name without one is that of amd64.
func forDocker(image v1.Image, v version, p program) (dockerImage, error) {
	manifest, err := image.Manifest()
	if err != nil {
		return dockerImage{}, err
	}
	blob := func(d v1.Descriptor) string { return "blobs/" + d.Digest.Algorithm + "/" + d.Digest.Hex }
	one := dockerImage{Config: blob(manifest.Config), RepoTags: []string{"redthread:" + v.number + "-" + p.arch}}
	if p.arch == "amd64" {
		one.RepoTags = append(one.RepoTags, "redthread:"+v.number)
	}
	for _, layer := range manifest.Layers {
		one.Layers = append(one.Layers, blob(layer))
	}
	return one, nil
}

// readFolder returns a folder's files and folders as entries.
func readFolder(folder string) ([]entry, error) {
	var entries []entry
	err := filepath.WalkDir(folder, func(file string, d fs.DirEntry, err error) error {
		if err != nil || file == folder {
			return err
		}
		name, err := filepath.Rel(folder, file)
		if err != nil {
			return err
		}
		if d.IsDir() {
			entries = append(entries, entry{name: filepath.ToSlash(name) + "/", mode: 0o755})
			return nil
		}
		body, err := os.ReadFile(file)
		entries = append(entries, entry{name: filepath.ToSlash(name), mode: 0o644, body: body})
		return err
	})
	return entries, errors.Join(err)
}
