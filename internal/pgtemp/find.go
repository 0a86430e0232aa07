package pgtemp

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// ErrNoServer means that this machine has no PostgreSQL server binaries. The error
// that wraps it lists the folders that were searched.
var ErrNoServer = errors.New("no PostgreSQL server binaries")

// places are the folders of server binaries outside PATH. Packages put them there
// because several versions can be installed side by side.
var places = []string{
	"/usr/lib/postgresql/*/bin", // Debian, Ubuntu
	"/usr/pgsql-*/bin",          // the RPM packages of PostgreSQL
	"/usr/libexec/postgresql*",  // Alpine
	"/usr/local/pgsql/bin",      // built from source
	"/opt/homebrew/opt/postgresql*/bin",
	"/usr/local/opt/postgresql*/bin",
	"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

// findServer returns the folder that holds initdb and postgres: the one in
// PATH, else the highest version among the places.
func findServer(places []string) (string, error) {
	if program, err := exec.LookPath("postgres"); err == nil {
		if dir := filepath.Dir(program); hasServer(dir) {
			return dir, nil
		}
	}
	var found []string
	for _, pattern := range places {
		// The only error is a malformed pattern, and the patterns are constants.
		dirs, _ := filepath.Glob(pattern)
		for _, dir := range dirs {
			if hasServer(dir) {
				found = append(found, dir)
			}
		}
	}
	if len(found) == 0 {
		return "", fmt.Errorf("%w: searched for initdb and postgres in PATH, %s", ErrNoServer, strings.Join(places, ", "))
	}
	return slices.MaxFunc(found, func(a, b string) int {
		return cmp.Or(slices.Compare(version(a), version(b)), cmp.Compare(a, b))
	}), nil
}

func hasServer(dir string) bool {
	for _, program := range []string{"initdb", "postgres"} {
		if runtime.GOOS == "windows" {
			program += ".exe"
		}
		info, err := os.Stat(filepath.Join(dir, program))
		if err != nil || !info.Mode().IsRegular() {
			return false
		}
	}
	return true
}

// beside returns the path of a program that comes with the server: in its folder,
// in the target of its symbolic link, or in PATH.
func beside(bin, program string) (string, error) {
	dirs := []string{bin}
	if server, err := filepath.EvalSymlinks(filepath.Join(bin, "postgres")); err == nil {
		dirs = append(dirs, filepath.Dir(server))
	}
	for _, dir := range dirs {
		if info, err := os.Stat(filepath.Join(dir, program)); err == nil && info.Mode().IsRegular() {
			return filepath.Join(dir, program), nil
		}
	}
	if path, err := exec.LookPath(program); err == nil {
		return path, nil
	}
	return "", fmt.Errorf("%w: no %s in %s or PATH", ErrNoServer, program, strings.Join(dirs, ", "))
}

var digits = regexp.MustCompile(`[0-9]+`)

// version returns the numbers in a path, so that 9.6 sorts before 15.
func version(dir string) []int {
	var numbers []int
	for _, text := range digits.FindAllString(dir, -1) {
		number, err := strconv.Atoi(text)
		if err != nil {
			continue
		}
		numbers = append(numbers, number)
	}
	return numbers
}
