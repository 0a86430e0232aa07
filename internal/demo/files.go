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

// report is the only file that is not named after the slug of its asset.
const report = "who-owns-harborlight-mining.pdf"

// mediaTypes maps the extensions of the demo's files to media types.
var mediaTypes = map[string]string{".svg": "image/svg+xml", ".pdf": "application/pdf"}

// contentSecurityPolicies has the policies that restrict a file that is opened as a
// page, by media type. The policy of a PDF has no default-src: the PDF viewers of
// browsers are pages too, and the policy would apply to them.
var contentSecurityPolicies = map[string]string{
	"image/svg+xml":   "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox",
	"application/pdf": "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}

// Files returns a handler that serves the pictures and the PDF of the demo at
// [Path]. Other paths are handled by notFound.
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
		h.Set("Content-Security-Policy", contentSecurityPolicies[mediaType])
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "public, max-age=3600")
		h.Set("ETag", fmt.Sprintf(`W/"%x"`, sha256.Sum256(body))) // weak, because a proxy may compress the body
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(body))
	})
}

// UpdateURLs sets the URLs of the demo's files to those of a server at base, if
// they are those of another server: the port of a server may change while its
// database stays. It leaves out assets that were deleted or have another slug or
// file. The viewer in the context needs the role EDITOR.
func UpdateURLs(ctx context.Context, base string, exec Exec) error {
	moved, err := outdatedFiles(ctx, base, exec)
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

// asset is the asset on the desk of one of the demo's files.
type asset struct {
	ID, Slug, URL string
	Version       int
}

// outdatedFiles returns the demo's files whose URLs are not below base, each with
// its new URL.
func outdatedFiles(ctx context.Context, base string, exec Exec) ([]asset, error) {
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

// fileNames maps the slugs of assets to the names of their files.
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
