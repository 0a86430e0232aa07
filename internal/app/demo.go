package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/server"
)

// Exec runs a GraphQL document as a member of staff and returns the JSON of the
// response.
type Exec = func(ctx context.Context, query string, variables map[string]any) ([]byte, error)

// DemoContent is the content of the demo. Each field is optional.
type DemoContent struct {
	Load       func(ctx context.Context, base string, exec Exec) error // creates it on an empty desk
	UpdateURLs func(ctx context.Context, base string, exec Exec) error // updates the URLs of its files on a desk with content
	Files      server.Files                                            // serves its files, at a path below base
}

// demoKey is a staff key of the demo. It is stored in a file in the data folder, so
// that each start can print it.
type demoKey struct {
	file, name string
	role       domain.Role
}

var (
	demoEditor = demoKey{"demo-key", "Demo editor", domain.Editor}
	demoAdmin  = demoKey{"demo-admin-key", "Demo admin", domain.Admin}
)

// demoLoadingFile exists in the data folder while the content is loaded. If it
// exists at a start, an earlier load was interrupted.
const demoLoadingFile = "demo-loading"

var errNotLoaded = errors.New("the demo content was loaded only in part; start again with an empty folder or database")

// prepareDemo creates the staff keys of the demo if they are missing. If nothing
// was ever written to the desk, it loads the content as the editor; otherwise it
// updates the URLs of the demo's files, which depend on the server's URL.
func (a *App) prepareDemo(ctx context.Context, c Config, api http.Handler, content DemoContent) error {
	var err error
	if a.demoKey, err = a.findDemoKey(ctx, c, demoEditor); err != nil {
		return err
	}
	if a.demoAdminKey, err = a.findDemoKey(ctx, c, demoAdmin); err != nil {
		return err
	}
	if content.Load == nil {
		return nil
	}
	system := domain.WithStage(domain.AsSystem(ctx, "prepare the demo"), domain.Desk)
	unfinished := filepath.Join(c.Data, demoLoadingFile)
	if _, err := os.Stat(unfinished); err == nil {
		return errNotLoaded
	}
	holder, err := a.backend.keys.Authenticate(ctx, access.Credential{Token: a.demoKey})
	if err != nil {
		return err
	}
	editor, base := domain.WithViewer(ctx, holder), c.Site.public(a.URL())
	written, err := a.backend.stores.Client(system).Revision.Query().Exist(system)
	if err != nil {
		return err
	}
	if written {
		a.updateDemoURLs(editor, base, executor(api), content)
		return nil
	}
	if err := writePrivate(unfinished, nil); err != nil {
		return err
	}
	if err := content.Load(editor, base, executor(api)); err != nil {
		return fmt.Errorf("%w: %w", errNotLoaded, err)
	}
	if err := os.Remove(unfinished); err != nil {
		return err
	}
	a.log.InfoContext(ctx, "demo content loaded")
	return nil
}

// updateDemoURLs updates the URLs of the demo's files on a desk with content. An
// error does not stop the server, which then serves the old URLs: the content may
// not be the demo's any more.
func (a *App) updateDemoURLs(ctx context.Context, base string, exec Exec, content DemoContent) {
	if content.UpdateURLs == nil {
		return
	}
	if err := content.UpdateURLs(ctx, base, exec); err != nil {
		a.log.WarnContext(ctx, "the URLs of the demo's files could not be updated", "error", domain.Detail(err))
	}
}

// findDemoKey returns the key in the data folder if it is valid, or else creates a
// new one.
func (a *App) findDemoKey(ctx context.Context, c Config, key demoKey) (string, error) {
	file := filepath.Join(c.Data, key.file)
	body, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	secret := strings.TrimSpace(string(body))
	switch _, err := a.backend.keys.Authenticate(ctx, access.Credential{Token: secret}); {
	case err == nil:
		if runtime.GOOS != "windows" {
			err = os.Chmod(file, 0o600) // a copy may have another mode
		}
		return secret, err
	case !errors.Is(err, domain.ErrUnauthenticated):
		return "", err
	}
	// There is no key yet, or it is of another desk, or revoked.
	_, secret, err = a.backend.keys.Create(domain.AsSystem(ctx, "prepare the demo"),
		access.CreateParams{Name: key.name, Role: key.role})
	if err != nil {
		return "", err
	}
	// For a desk in PostgreSQL, the folder may not exist yet.
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return "", err
	}
	return secret, writePrivate(file, []byte(secret+"\n"))
}

// writePrivate writes a file with mode 0600, also if the file exists with another
// mode.
func writePrivate(file string, body []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	// The mode is set before the content is written.
	if err := f.Chmod(0o600); err != nil && runtime.GOOS != "windows" {
		return errors.Join(err, f.Close())
	}
	_, err = f.Write(body)
	return errors.Join(err, f.Close())
}

// executor returns an Exec that runs documents through the HTTP handler of the API,
// in this process. Its context must have a viewer.
func executor(api http.Handler) Exec {
	return func(ctx context.Context, query string, variables map[string]any) ([]byte, error) {
		body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
		if err != nil {
			return nil, err
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "/graphql", bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/json")
		var w responseBuffer
		api.ServeHTTP(&w, r)
		return w.body.Bytes(), nil
	}
}

// responseBuffer is an http.ResponseWriter that keeps the body. It ignores the
// status, because a GraphQL response has its errors in the body.
type responseBuffer struct {
	header http.Header
	body   bytes.Buffer
}

func (m *responseBuffer) Header() http.Header {
	if m.header == nil {
		m.header = http.Header{}
	}
	return m.header
}

func (m *responseBuffer) WriteHeader(int)             {}
func (m *responseBuffer) Write(b []byte) (int, error) { return m.body.Write(b) }
