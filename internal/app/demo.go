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

// Exec runs a GraphQL document, as staff would send it, and returns the answer's
// JSON.
type Exec = func(ctx context.Context, query string, variables map[string]any) ([]byte, error)

// DemoContent is the content of the demo; none of its parts need be there.
type DemoContent struct {
	Load  func(ctx context.Context, base string, exec Exec) error // writes it to an empty desk
	Move  func(ctx context.Context, base string, exec Exec) error // tells what is written where its files are now
	Files server.Files                                            // what it shows, at a path below base
}

// demoKey is a staff key of the demo. A file in the data folder keeps it, so that
// each start can print it.
type demoKey struct {
	file, name string
	role       domain.Role
}

var (
	demoEditor = demoKey{"demo-key", "Demo editor", domain.Editor}
	demoAdmin  = demoKey{"demo-admin-key", "Demo admin", domain.Admin}
)

// demoLoadingFile, in the data folder, is there while the content is loaded:
// found at a start, it tells that a load was cut off.
const demoLoadingFile = "demo-loading"

var errNotLoaded = errors.New("the demo content was not loaded to its end; start again with an empty folder or database")

// prepareDemo makes sure that there are staff keys for the demo. Where nobody has
// ever written on the desk it loads the content, as the editor; elsewhere it
// brings the addresses of the demo's files up to date, which follow the server's.
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
		a.moveDemo(editor, base, executor(api), content)
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

// moveDemo tells a desk that was written before where the demo's files are now.
// A desk on which that cannot be done is served all the same, with the old
// addresses: what is on it is no longer the demo's own.
func (a *App) moveDemo(ctx context.Context, base string, exec Exec, content DemoContent) {
	if content.Move == nil {
		return
	}
	if err := content.Move(ctx, base, exec); err != nil {
		a.log.WarnContext(ctx, "the demo's files keep the addresses that they had", "error", domain.Detail(err))
	}
}

// findDemoKey returns the key that the folder keeps, as long as it opens the
// desk, or makes one.
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
			err = os.Chmod(file, 0o600) // it may have been copied here
		}
		return secret, err
	case !errors.Is(err, domain.ErrUnauthenticated):
		return "", err
	}
	// There is none yet, or it is another desk's, or revoked.
	_, secret, err = a.backend.keys.Create(domain.AsSystem(ctx, "prepare the demo"),
		access.CreateParams{Name: key.name, Role: key.role})
	if err != nil {
		return "", err
	}
	// The folder is there already, but for a desk in PostgreSQL.
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return "", err
	}
	return secret, writePrivate(file, []byte(secret+"\n"))
}

// writePrivate writes a file that nobody else can read, also where one was there
// with another mode.
func writePrivate(file string, body []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	// Before anything is in it.
	if err := f.Chmod(0o600); err != nil && runtime.GOOS != "windows" {
		return errors.Join(err, f.Close())
	}
	_, err = f.Write(body)
	return errors.Join(err, f.Close())
}

// executor runs documents in this process, through the same handler that
// answers requests. The contexts that it is given must carry a viewer.
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
		var w memory
		api.ServeHTTP(&w, r)
		return w.body.Bytes(), nil
	}
}

// memory is an answer that stays in the process. GraphQL says in the body what
// went wrong, so the status is of no use.
type memory struct {
	header http.Header
	body   bytes.Buffer
}

func (m *memory) Header() http.Header {
	if m.header == nil {
		m.header = http.Header{}
	}
	return m.header
}

func (m *memory) WriteHeader(int)             {}
func (m *memory) Write(b []byte) (int, error) { return m.body.Write(b) }
