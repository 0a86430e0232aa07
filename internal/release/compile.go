package main

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"
)

// program is a program that was compiled.
type program struct {
	platform
	file string
	info *debug.BuildInfo
}

// name returns the name of the program's file in archives.
func (p program) name() string {
	if p.os == "windows" {
		return "redthread.exe"
	}
	return "redthread"
}

// compile compiles the program for a platform into a folder. Nothing of the environment goes into it but the
// version of Go.
func compile(ctx context.Context, p platform, work, cache string) (program, error) {
	file := filepath.Join(work, p.os+"-"+p.arch)
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=true", "-ldflags=-s -w", "-o", file, "./cmd/redthread")
	cmd.Env = append(withoutGoSettings(os.Environ()), "CGO_ENABLED=0", "GOOS="+p.os, "GOARCH="+p.arch, "GOWORK=off")
	if cache != "" {
		cmd.Env = append(cmd.Env, "GOCACHE="+cache)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return program{}, fmt.Errorf("compile for %s: %w\n%s", p, err, out)
	}
	info, err := buildinfo.ReadFile(file)
	if err != nil {
		return program{}, fmt.Errorf("read what was compiled for %s: %w", p, err)
	}
	return program{p, file, info}, nil
}

// settings are the variables that change what the compiler makes.
var settings = []string{
	"GOFLAGS", "GOEXPERIMENT", "GOAMD64", "GOARM64", "GODEBUG", "GOFIPS140", "GOOS", "GOARCH", "GOWORK", "CGO_ENABLED",
}

func withoutGoSettings(environment []string) []string {
	var rest []string
	for _, variable := range environment {
		name, _, _ := strings.Cut(variable, "=")
		set := false
		for _, s := range settings {
			set = set || s == name
		}
		if !set {
			rest = append(rest, variable)
		}
	}
	return rest
}

// version is that of what is released.
type version struct {
	number string // 0.1.0, or a pseudo-version
	tag    string // v0.1.0, or a pseudo-version
	commit string
	at     time.Time // of the commit
	gotool string    // the version of Go
}

// archive returns the name of an archive without its ending.
func (v version) archive(p platform) string {
	return "redthread_" + v.number + "_" + p.os + "_" + p.arch
}

// versionOf reads the version out of the programs, which all must have the same.
func versionOf(programs []program, changes bool) (version, error) {
	var v version
	for i, p := range programs {
		one, err := readVersion(p.info, changes)
		if err != nil {
			return v, err
		}
		if v = one; i > 0 {
			if first, _ := readVersion(programs[0].info, changes); first != one {
				return v, fmt.Errorf("the programs for %s and %s differ in version or commit: the checkout has changed meanwhile", programs[0].platform, p.platform)
			}
		}
	}
	return v, nil
}

func readVersion(info *debug.BuildInfo, changes bool) (version, error) {
	v := version{tag: info.Main.Version, gotool: info.GoVersion}
	modified := ""
	var err error
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.commit = s.Value
		case "vcs.time":
			v.at, err = time.Parse(time.RFC3339, s.Value)
		case "vcs.modified":
			modified = s.Value
		}
	}
	switch {
	case err != nil:
		return v, fmt.Errorf("the time of the commit: %w", err)
	case v.commit == "" || v.at.IsZero():
		return v, errors.New("the program has no commit: make releases in a git clone; Go does not look into worktrees")
	case modified == "true" && !changes:
		return v, errors.New("files differ from the commit: commit them, or try out with -allow-changes")
	}
	// A plus sign cannot be in the tag of an image.
	v.number = strings.ReplaceAll(strings.TrimPrefix(v.tag, "v"), "+", "-")
	v.at = v.at.UTC()
	return v, nil
}
