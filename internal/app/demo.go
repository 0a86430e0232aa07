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
)

// DemoContent writes the demo to an empty desk. exec runs a GraphQL document,
// as staff would send it, and returns the answer's JSON.
type DemoContent func(ctx context.Context, exec func(ctx context.Context, query string, variables map[string]any) ([]byte, error)) error

// demoKeyFile, in the data folder, keeps the staff key of the demo, so that
// each start can print it.
const demoKeyFile = "demo-key"

// demoLoadingFile, in the data folder, is there while the content is loaded:
// found at a start, it tells that a load was cut off.
const demoLoadingFile = "demo-loading"

var errNotLoaded = errors.New("the demo content was not loaded to its end; start again with an empty folder or database")

// prepareDemo makes sure that there is a staff key for the demo and, where
// nobody has ever written on the desk, loads the content with it. It returns
// the key.
func (a *App) prepareDemo(ctx context.Context, c Config, api http.Handler, load DemoContent) (string, error) {
	secret, err := a.findDemoKey(ctx, c)
	if err != nil {
		return "", err
	}
	if load == nil {
		return secret, nil
	}
	system := domain.WithStage(domain.AsSystem(ctx, "prepare the demo"), domain.Desk)
	unfinished := filepath.Join(c.Data, demoLoadingFile)
	if _, err := os.Stat(unfinished); err == nil {
		return "", errNotLoaded
	}
	written, err := a.backend.stores.Client(system).Revision.Query().Exist(system)
	if err != nil || written {
		return secret, err
	}
	if err := writePrivate(unfinished, nil); err != nil {
		return "", err
	}
	holder, err := a.backend.keys.Authenticate(ctx, access.Shown{Token: secret})
	if err != nil {
		return "", err
	}
	if err := load(domain.WithViewer(ctx, holder), executor(api)); err != nil {
		return "", fmt.Errorf("%w: %w", errNotLoaded, err)
	}
	if err := os.Remove(unfinished); err != nil {
		return "", err
	}
	a.log.InfoContext(ctx, "demo content loaded")
	return secret, nil
}

// findDemoKey returns the key that the folder keeps, as long as it opens the
// desk, or makes one.
func (a *App) findDemoKey(ctx context.Context, c Config) (string, error) {
	file := filepath.Join(c.Data, demoKeyFile)
	body, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	secret := strings.TrimSpace(string(body))
	switch _, err := a.backend.keys.Authenticate(ctx, access.Shown{Token: secret}); {
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
		access.CreateParams{Name: "Demo editor", Role: domain.Editor})
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
func executor(api http.Handler) func(context.Context, string, map[string]any) ([]byte, error) {
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
