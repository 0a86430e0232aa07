package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestArguments(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args     []string
		code     int
		out, err string
	}{
		"Schema":        {[]string{"--schema"}, 0, "input Key @oneOf", ""},
		"List":          {[]string{"--list", "--run", "^Language/Comments/"}, 0, "Language/Comments/at-the-end", ""},
		"Help":          {[]string{"--help"}, 0, "", "usage"},
		"NoURL":         {nil, 2, "", "want one URL"},
		"UnknownFlag":   {[]string{"--nothing"}, 2, "", "nothing"},
		"NoExpression":  {[]string{"--run", "("}, 2, "", "--run"},
		"NoEdition":     {[]string{"--edition", "2018-06"}, 2, "", "want 2021-10, 2025-09 or 2026-09"},
		"NoHeader":      {[]string{"--header", "Bearer"}, 2, "", "Name: value"},
		"NotReachable":  {[]string{"http://127.0.0.1:1/graphql"}, 2, "", "127.0.0.1:1"},
		"NoScheme":      {[]string{"graphql"}, 2, "", "graphql"},
		"ListOfEdition": {[]string{"--list", "--edition", "2021-10", "--run", "Descriptions/of-shorthand$|Descriptions/of-query$"}, 0, "of-shorthand", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, problems bytes.Buffer
			code := run(t.Context(), test.args, &out, &problems)
			if code != test.code || !strings.Contains(out.String(), test.out) || !strings.Contains(problems.String(), test.err) {
				t.Errorf("got %d, %.300s, %s; want %d, %s, %s", code, out.String(), problems.String(), test.code, test.out, test.err)
			}
			if strings.Contains(out.String(), "Descriptions/of-query ") {
				t.Errorf("got a case of a later edition: %s", out.String())
			}
		})
	}
}
