// Command release makes what is released of Redthread: stripped programs for each platform in archives with
// completions, manual pages and licences, what each is made of as CycloneDX and SPDX, a container image, and checksums.
//
//	go run ./internal/release -o dist
//
// It is run in a git clone without changes; the version is the tag of the commit, or a pseudo-version where it has
// none. The same commit and the same version of Go give the same bytes, wherever the checkout is: -twice makes
// everything a second time, from an empty build cache, and compares.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// platform is an operating system and an architecture, as Go names them.
type platform struct{ os, arch string }

func (p platform) String() string { return p.os + "/" + p.arch }

// platforms are those that are released.
var platforms = []platform{
	{"linux", "amd64"}, {"linux", "arm64"},
	{"darwin", "amd64"}, {"darwin", "arm64"},
	{"windows", "amd64"}, {"windows", "arm64"},
}

// options are the flags.
type options struct {
	out       string
	platforms []platform
	changes   bool
	twice     bool
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	if there, err := os.ReadDir(o.out); err != nil || len(there) > 0 {
		return errors.Join(err, fmt.Errorf("%s has files already: remove them, or choose another folder with -o", o.out))
	}
	if err := makeAll(ctx, o, "", stdout); err != nil {
		return err
	}
	if o.twice {
		return again(ctx, o, stdout)
	}
	return nil
}

// parse parses the flags, and reports all that is wrong with them.
func parse(args []string, stderr io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.out, "o", "dist", "the `folder` for what is made; it must be empty")
	only := flags.String("platforms", "", "make these `platforms` only, such as linux/amd64,windows/arm64")
	flags.BoolVar(&o.changes, "allow-changes", false, "make a release of files that differ from the commit, for trying out")
	flags.BoolVar(&o.twice, "twice", false, "make everything a second time, from an empty build cache, and compare")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	o.platforms = platforms
	if *only != "" {
		o.platforms, err = parsePlatforms(*only)
	}
	return o, err
}

func parsePlatforms(list string) ([]platform, error) {
	var chosen []platform
	var errs []error
	for name := range strings.SplitSeq(list, ",") {
		i := slices.IndexFunc(platforms, func(p platform) bool { return p.String() == name })
		if i < 0 {
			errs = append(errs, fmt.Errorf("-platforms: want some of %v, not %q", platforms, name))
			continue
		}
		chosen = append(chosen, platforms[i])
	}
	return chosen, errors.Join(errs...)
}

// makeAll makes everything in the folder of the options. cache is the folder of the build cache; empty: the usual one.
func makeAll(ctx context.Context, o options, cache string, stdout io.Writer) error {
	work, err := os.MkdirTemp("", "redthread-release-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }() // what is left is of the temporary folder
	var programs []program
	for _, p := range o.platforms {
		began := time.Now()
		made, err := compile(ctx, p, work, cache)
		if err != nil {
			return err
		}
		say(stdout, "%-14s %s  %5.1f s", p, sizeOf(made.file), time.Since(began).Seconds())
		programs = append(programs, made)
	}
	v, err := versionOf(programs, o.changes)
	if err != nil {
		return err
	}
	licences, err := readLicences(ctx, programs)
	if err != nil {
		return err
	}
	common, err := commonFiles(v)
	if err != nil {
		return err
	}
	var names []string
	for _, p := range programs {
		made, err := packProgram(o.out, v, p, common, licences)
		if err != nil {
			return err
		}
		names = append(names, made...)
	}
	image, err := packImage(o.out, v, programs)
	if err != nil {
		return err
	}
	if names = append(names, image...); len(image) == 0 {
		say(stdout, "no image: it needs a program for linux")
	}
	if err := writeChecksums(o.out, names); err != nil {
		return err
	}
	for _, name := range append(names, checksumsFile) {
		say(stdout, "%-52s %s", name, sizeOf(filepath.Join(o.out, name)))
	}
	return nil
}

// again makes everything a second time and compares.
func again(ctx context.Context, o options, stdout io.Writer) error {
	second := o
	var err error
	if second.out, err = os.MkdirTemp("", "redthread-again-"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(second.out) }() // what is left is of the temporary folder
	cache, err := os.MkdirTemp("", "redthread-cache-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(cache) }() // what is left is of the temporary folder
	say(stdout, "\nonce more, from an empty build cache:")
	if err := makeAll(ctx, second, cache, stdout); err != nil {
		return err
	}
	if err := compareFolders(o.out, second.out); err != nil {
		return err
	}
	say(stdout, "\nboth times every byte was the same")
	return nil
}

func say(w io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(w, format+"\n", args...) // an error of the terminal does not matter
}

// sizeOf returns the size of a file for people.
func sizeOf(file string) string {
	info, err := os.Stat(file)
	if err != nil {
		return "?"
	}
	return fmt.Sprintf("%6.2f MB", float64(info.Size())/1e6)
}
