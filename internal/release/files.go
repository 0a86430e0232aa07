package main

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// commonFiles returns what is in each archive beside the program and its licences.
func commonFiles(v version) ([]entry, error) {
	var files []entry
	for name, from := range map[string]string{
		"LICENSE": "LICENSE", "README.md": "README.md", "CHANGELOG.md": "CHANGELOG.md", "SECURITY.md": "SECURITY.md",
		"redthread.service": "examples/deploy/redthread.service",
	} {
		body, err := os.ReadFile(from)
		if err != nil {
			return nil, errors.Join(err, errors.New("run it in the folder of go.mod"))
		}
		files = append(files, entry{name: name, mode: 0o644, body: body})
	}
	shells, err := completions()
	if err != nil {
		return nil, err
	}
	return append(append(files, shells...), manuals(v)...), nil
}

// licence has the texts of the licence of a module.
type licence struct {
	module     string // its path; "std" for Go itself
	dependency bool   // a module that not every program has
	texts      []string
	spdx       string // an SPDX expression; empty: it is not known
}

// licenceFile matches the files of a module that have to come along.
var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents|unlicense)`)

// readLicences reads the licences of all modules in the programs, of Go, and of what is copied into the repository.
func readLicences(ctx context.Context, programs []program) ([]licence, error) {
	modules := map[string]bool{}
	for _, p := range programs {
		for _, d := range p.info.Deps {
			modules[d.Path] = true
		}
	}
	var paths []string
	for path := range modules {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	folders, err := moduleFolders(ctx, paths)
	if err != nil {
		return nil, err
	}
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w", err)
	}
	folders["std"] = strings.TrimSpace(string(root))
	var all []licence
	for _, path := range append(paths, "std") {
		l, err := readLicence(path, folders[path])
		if err != nil {
			return nil, err
		}
		l.dependency = modules[path]
		all = append(all, l)
	}
	copied, err := copiedLicences()
	return append(all, copied...), err
}

// moduleFolders returns where the sources of modules are.
func moduleFolders(ctx context.Context, paths []string) (map[string]string, error) {
	out, err := exec.CommandContext(ctx, "go", append([]string{"list", "-m", "-json=Path,Dir"}, paths...)...).Output()
	if err != nil {
		return nil, fmt.Errorf("find the modules: %w", err)
	}
	folders := map[string]string{}
	for in := json.NewDecoder(strings.NewReader(string(out))); ; {
		var m struct{ Path, Dir string }
		if err := in.Decode(&m); errors.Is(err, io.EOF) {
			return folders, nil
		} else if err != nil {
			return nil, err
		}
		folders[m.Path] = m.Dir
	}
}

func readLicence(module, folder string) (licence, error) {
	l := licence{module: module}
	files, err := os.ReadDir(folder)
	if err != nil {
		return l, fmt.Errorf("the sources of %s: %w", module, err)
	}
	var ids []string
	for _, f := range files {
		if f.IsDir() || !licenceFile.MatchString(f.Name()) || strings.HasSuffix(f.Name(), ".go") {
			continue
		}
		body, err := os.ReadFile(filepath.Join(folder, f.Name()))
		if err != nil {
			return l, err
		}
		l.texts = append(l.texts, string(body))
		ids = append(ids, identify(string(body))...)
	}
	if len(l.texts) == 0 {
		return l, fmt.Errorf("%s has no licence in %s", module, folder)
	}
	slices.Sort(ids)
	l.spdx = strings.Join(slices.Compact(ids), " AND ")
	return l, nil
}

// marks are texts that a licence has and no other.
var marks = []struct{ id, text, also, not string }{
	{"Apache-2.0", "Apache License", "Version 2.0, January 2004", ""},
	{"MIT", "Permission is hereby granted, free of charge, to any person obtaining a copy of this software", "", ""},
	{"BSD-3-Clause", "Redistribution and use in source and binary forms", "to endorse or promote products", ""},
	{"BSD-2-Clause", "Redistribution and use in source and binary forms", "", "to endorse or promote products"},
	{"MPL-2.0", "Mozilla Public License Version 2.0", "", ""},
	{"MPL-2.0", "Mozilla Public License, version 2.0", "", ""},
	{"ISC", "Permission to use, copy, modify, and", "distribute this software for any purpose with or without fee is hereby granted", ""},
	{"Unlicense", "This is free and unencumbered software released into the public domain", "", ""},
}

// identify returns the licences in a text, by their names in SPDX.
func identify(text string) []string {
	text = strings.Join(strings.Fields(text), " ")
	var ids []string
	for _, m := range marks {
		if strings.Contains(text, m.text) && strings.Contains(text, m.also) && (m.not == "" || !strings.Contains(text, m.not)) {
			ids = append(ids, m.id)
		}
	}
	return ids
}

// copiedLicences returns the licences of what is copied into the repository and part of the program.
func copiedLicences() ([]licence, error) {
	unicode, err := os.ReadFile("internal/search/names/data/LICENSE-UNICODE")
	if err != nil {
		return nil, err
	}
	f, err := os.Open("internal/server/explorer/dist/LICENSES.txt.gz")
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it is only read
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	explorer, err := io.ReadAll(unpacked)
	return []licence{
		{module: "the romanisations of Unicode", texts: []string{string(unicode)}},
		{module: "GraphiQL, React and what is bundled with them", texts: []string{string(explorer)}},
	}, err
}

// noticesOf returns the licences of what is in a program as one text.
func noticesOf(p program, all []licence) []byte {
	var text strings.Builder
	text.WriteString("Redthread is under the Apache License 2.0 (LICENSE). The program contains parts of others, under the licences below.\n")
	in := map[string]bool{}
	for _, d := range p.info.Deps {
		in[d.Path] = true
	}
	for _, l := range all {
		if l.dependency && !in[l.module] {
			continue
		}
		name := l.module
		if name == "std" {
			name = "Go and its standard library"
		}
		fmt.Fprintf(&text, "\n%s\n%s\n%[1]s\n", strings.Repeat("=", 80), name)
		for _, t := range l.texts {
			text.WriteString("\n" + strings.TrimSpace(strings.ReplaceAll(t, "\r\n", "\n")) + "\n")
		}
	}
	return []byte(text.String())
}
