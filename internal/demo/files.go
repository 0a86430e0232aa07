package demo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

//go:embed files
var pictures embed.FS

// Path is where [Files] is served.
const Path = "/demo/"

// report is the one file that is not named for the slug of its asset.
const report = "who-owns-harborlight-mining.pdf"

// mediaTypes are those of the demo's files, by how their names end.
var mediaTypes = map[string]string{".svg": "image/svg+xml", ".pdf": "application/pdf"}

// policies keep a file that is opened by itself from doing anything, by media
// type. A PDF has no policy for what it loads: the readers in browsers are pages
// of their own and would fall under it.
var policies = map[string]string{
	"image/svg+xml":   "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox",
	"application/pdf": "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}

// Files returns what serves the pictures and the PDF of the demo at [Path]. Any
// other path there is left to notFound.
func Files(notFound http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, Path)
		mediaType := mediaTypes[path.Ext(name)]
		body, err := pictures.ReadFile("files/" + name)
		if err != nil || mediaType == "" {
			notFound.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", mediaType)
		h.Set("Content-Security-Policy", policies[mediaType])
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "public, max-age=3600")
		h.Set("ETag", fmt.Sprintf(`W/"%x"`, sha256.Sum256(body))) // weak, because it may be compressed on the way
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(body))
	})
}

// Move gives the demo's files the addresses that they have on a server that is
// found at base, where they have those of another place: a database outlives a
// port. Assets that staff have deleted, or given another slug or file, are left
// alone. The viewer in the context needs the role EDITOR.
func Move(ctx context.Context, base string, exec Exec) error {
	moved, err := strayed(ctx, base, exec)
	if err != nil || len(moved) == 0 {
		return err
	}
	variables := map[string]any{}
	var declared, updates strings.Builder
	for i, a := range moved {
		name := fmt.Sprintf("file%d", i)
		fmt.Fprintf(&declared, " $%s: UpdateAssetInput!", name)
		fmt.Fprintf(&updates, " %s: updateAsset(input: $%s) { changed }", name, name)
		variables[name] = map[string]any{"id": a.ID, "version": a.Version, "url": a.URL, "message": "this server is at " + base}
	}
	mutation := "mutation Move(" + declared.String() + ") {" + updates.String() + " }"
	if _, err := run(ctx, exec, mutation, variables); err != nil {
		return fmt.Errorf("demo: move its files to %s: %w", base, err)
	}
	return nil
}

// asset is one of the demo's files as it is on the desk.
type asset struct {
	ID, Slug, URL string
	Version       int
}

// strayed returns the demo's files that are elsewhere than base says, each with
// the address that it should have.
func strayed(ctx context.Context, base string, exec Exec) ([]asset, error) {
	names, err := fileNames()
	if err != nil {
		return nil, err
	}
	data, err := run(ctx, exec, `query Files($slugs: [String!]) @inContext(stage: DESK) {
  assets(first: 100, filter: {slug: {in: $slugs}}) { nodes { id slug url version } }
}`, map[string]any{"slugs": slices.Collect(maps.Keys(names))})
	if err != nil {
		return nil, fmt.Errorf("demo: read where its files are: %w", err)
	}
	var found struct{ Assets struct{ Nodes []asset } }
	if err := json.Unmarshal(data, &found); err != nil {
		return nil, fmt.Errorf("demo: read where its files are: %w", err)
	}
	var moved []asset
	for _, a := range found.Assets.Nodes {
		tail := Path + names[a.Slug]
		if a.URL != base+tail && strings.HasSuffix(a.URL, tail) {
			a.URL = base + tail
			moved = append(moved, a)
		}
	}
	return moved, nil
}

// fileNames are the names of the files by the slugs of their assets.
func fileNames() (map[string]string, error) {
	entries, err := pictures.ReadDir("files")
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, e := range entries {
		slug := strings.TrimSuffix(e.Name(), path.Ext(e.Name()))
		if e.Name() == report {
			slug = "harborlight-pdf"
		}
		names[slug] = e.Name()
	}
	return names, nil
}
