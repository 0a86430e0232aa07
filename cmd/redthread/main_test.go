package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestMain(m *testing.M) {
	testscript.Main(storetest.Runner{M: m}, map[string]func(){"redthread": main})
}

// TestScripts runs command lines and compares their output.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			// The tests do not use the environment of the user who runs them.
			for _, variable := range os.Environ() {
				if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "REDTHREAD_") {
					env.Setenv(name, "")
				}
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"capture": capture},
	})
}

// capture sets a variable to the match of the pattern's group in a file:
//
//	capture KEY stdout '"key": "(.*)"'
func capture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: capture VARIABLE FILE PATTERN")
	}
	pattern, err := regexp.Compile(args[2])
	ts.Check(err)
	found := pattern.FindStringSubmatch(ts.ReadFile(args[1]))
	if len(found) != 2 {
		ts.Fatalf("%s: no group of %s found", args[1], args[2])
	}
	ts.Setenv(args[0], found[1])
}
