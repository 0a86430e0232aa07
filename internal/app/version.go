package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/redthread-api/redthread/internal/store"
)

func (p *program) versionCommand() *cobra.Command {
	asJSON := false
	command := &cobra.Command{
		Use:   "version",
		Short: "Print the version of this binary",
		Long: `Print the version of this binary, for people or, with --json, for programs.

The JSON has the version, the commit and its date, whether files differed from it, the versions of Go and SQLite, the
platform, and the last migration of each store on each engine. The commit is missing in a binary that was not built in
a checkout.`,
		GroupID: groupOperate,
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asJSON {
				return writeBuild(cmd.Context(), p.Stdout)
			}
			_, err := fmt.Fprintln(p.Stdout, version())
			return err
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command
}

// build is what this binary was made of.
type build struct {
	Version    string            `json:"version"`
	Commit     string            `json:"commit,omitempty"`
	CommitDate string            `json:"commitDate,omitempty"`
	Modified   bool              `json:"modified"` // files differed from the commit
	Go         string            `json:"go"`
	Platform   string            `json:"platform"`
	SQLite     string            `json:"sqlite"`
	Schema     map[string]schema `json:"schema"` // by engine
}

// schema has the last migration of each store.
type schema struct {
	Desk string `json:"desk"`
	Live string `json:"live"`
}

// thisBuild returns what the Go toolchain has written into the binary.
func thisBuild() build {
	b := build{Version: versionNumber(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.CommitDate = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

// writeBuild writes what this binary was made of as JSON.
func writeBuild(ctx context.Context, w io.Writer) error {
	b := thisBuild()
	var err error
	if b.SQLite, err = store.SQLiteVersion(ctx); err != nil {
		return err
	}
	b.Schema = map[string]schema{}
	for engine, stores := range store.SchemaVersions() {
		b.Schema[engine] = schema{Desk: stores["desk"], Live: stores["live"]}
	}
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(b)
}

// version returns the version for people.
func version() string {
	b := thisBuild()
	text := "redthread " + b.Version
	if b.Commit != "" {
		text += " commit " + b.Commit[:min(12, len(b.Commit))]
		if date, _, ok := strings.Cut(b.CommitDate, "T"); ok {
			text += " of " + date
		}
	}
	if b.Modified {
		text += " with changes"
	}
	return fmt.Sprintf("%s (%s %s)", text, b.Go, b.Platform)
}

// versionNumber returns the number of the version that the Go toolchain has written into the binary.
func versionNumber() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
