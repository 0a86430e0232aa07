package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/queries"
)

// documentSet has the documents that were read from files, without duplicates, and
// the problems of the files.
type documentSet struct {
	found    []sourceDocument
	problems []problem
}

// sourceDocument is a document with its place in a file.
type sourceDocument struct {
	queries.Document
	file string
	line int    // 0: the file is the document
	name string // of the document in a file of several
}

// problem is a problem of a file, for the user.
type problem struct {
	file    string
	line    int // 0: unknown
	message string
}

func (p problem) String() string {
	switch {
	case p.file == "":
		return p.message
	case p.line == 0:
		return fmt.Sprintf("%s: %s", p.file, p.message)
	}
	return fmt.Sprintf("%s:%d: %s", p.file, p.line, p.message)
}

func (s *documentSet) addProblem(file string, line int, format string, args ...any) {
	s.problems = append(s.problems, problem{file, line, fmt.Sprintf(format, args...)})
}

func (s *documentSet) add(f sourceDocument) {
	if !slices.ContainsFunc(s.found, func(other sourceDocument) bool { return other.ID == f.ID && other.Text == f.Text }) {
		s.found = append(s.found, f)
	}
}

// read reads a folder or a file.
func (s *documentSet) read(path string) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		s.addReadError(path, err)
	case info.IsDir():
		s.readFolder(path)
	case isGraphQL(path):
		s.readDocument(path)
	case strings.EqualFold(filepath.Ext(path), ".json"):
		s.readJSON(path)
	default:
		s.addProblem(path, 0, "want a folder, or a file that ends in .graphql, .gql or .json")
	}
}

// addReadError adds an error of the file system, without the file name that the
// error repeats.
func (s *documentSet) addReadError(path string, err error) {
	if inner, ok := errors.AsType[*fs.PathError](err); ok {
		err = inner.Err
	}
	s.addProblem(path, 0, "%s", err)
}

func isGraphQL(path string) bool {
	ext := filepath.Ext(path)
	return strings.EqualFold(ext, ".graphql") || strings.EqualFold(ext, ".gql")
}

// readFolder reads the GraphQL files below a folder. It skips hidden folders and
// node_modules.
func (s *documentSet) readFolder(folder string) {
	before := len(s.found) + len(s.problems)
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			s.addReadError(path, err)
			if entry != nil && entry.IsDir() {
				return fs.SkipDir
			}
		case entry.IsDir() && path != folder && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules"):
			return fs.SkipDir
		case !entry.IsDir() && isGraphQL(path):
			s.readDocument(path)
		}
		return nil
	})
	if err != nil {
		s.addReadError(folder, err)
	}
	if len(s.found)+len(s.problems) == before {
		s.addProblem(folder, 0, "has no .graphql or .gql files")
	}
}

func (s *documentSet) readDocument(path string) {
	text, err := os.ReadFile(path)
	if err != nil {
		s.addReadError(path, err)
		return
	}
	s.add(sourceDocument{Document: queries.Document{Text: string(text)}, file: path})
}

// member is a member of an object, or an element of a list, of a JSON file.
type member struct {
	name  string
	value json.RawMessage
	line  int
}

// readJSON reads an Apollo manifest, or an object that maps ids to texts.
func (s *documentSet) readJSON(path string) {
	raw, err := os.ReadFile(path)
	if err != nil {
		s.addReadError(path, err)
		return
	}
	members, err := membersOf(raw, 0, '{')
	if err != nil {
		s.addProblem(path, 0, "%s", err)
		return
	}
	operations := slices.IndexFunc(members, func(m member) bool { return m.name == "operations" && m.value[0] == '[' })
	if operations >= 0 {
		s.readManifest(path, members, members[operations])
		return
	}
	if len(members) == 0 {
		s.addProblem(path, 0, "has no documents")
	}
	for _, m := range members {
		f := sourceDocument{Document: queries.Document{ID: m.name}, file: path, line: m.line, name: m.name}
		switch {
		case json.Unmarshal(m.value, &f.Text) != nil:
			s.addProblem(path, m.line, "%.60q: want the text of a document", m.name)
		case m.name == "":
			s.addProblem(path, m.line, "an id is empty")
		default:
			s.add(f)
		}
	}
}

// The supported format of Apollo's manifest.
const (
	manifestFormat  = "apollo-persisted-query-manifest"
	manifestVersion = "1"
)

func (s *documentSet) readManifest(path string, members []member, list member) {
	for _, m := range members {
		var format string
		switch m.name {
		case "format":
			if json.Unmarshal(m.value, &format) != nil || format != manifestFormat {
				s.addProblem(path, m.line, "format: want %q", manifestFormat)
			}
		case "version":
			if string(m.value) != manifestVersion {
				s.addProblem(path, m.line, "version: want %s, not %.20s", manifestVersion, m.value)
			}
		}
	}
	operations, err := membersOf(list.value, list.line-1, '[')
	if err != nil {
		s.addProblem(path, list.line, "operations: %s", err)
		return
	}
	if len(operations) == 0 {
		s.addProblem(path, list.line, "operations: must not be empty")
	}
	for _, m := range operations {
		var operation struct{ ID, Name, Body string }
		switch err := json.Unmarshal(m.value, &operation); {
		case err != nil:
			s.addProblem(path, m.line, "want an object with the texts id, name and body")
		case operation.ID == "" || operation.Body == "":
			s.addProblem(path, m.line, "%.60q: id or body is missing", operation.Name)
		default:
			name := operation.Name
			if name == "" {
				name = operation.ID
			}
			s.add(sourceDocument{Document: queries.Document{ID: operation.ID, Name: operation.Name, Text: operation.Body}, file: path, line: m.line, name: name})
		}
	}
}

// membersOf returns the members of a JSON object, or the elements of a list, with
// the lines at which their values begin; before is the number of lines ahead of
// raw. A duplicate name in an object is an error.
func membersOf(raw []byte, before int, open json.Delim) ([]member, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	line := func() int { return before + 1 + bytes.Count(raw[:dec.InputOffset()], []byte{'\n'}) }
	broken := func() error { return fmt.Errorf("is not JSON: see line %d", line()) }
	if first, err := dec.Token(); err != nil {
		return nil, broken()
	} else if first != open {
		return nil, fmt.Errorf("want a JSON object or list that begins with %s", open)
	}
	var members []member
	for dec.More() {
		var m member
		if open == '{' {
			name, err := dec.Token()
			if err != nil {
				return nil, broken()
			}
			m.name, _ = name.(string) // the decoder accepts only strings here
			if slices.ContainsFunc(members, func(other member) bool { return other.name == m.name }) {
				return nil, fmt.Errorf("has %.60q twice; see line %d", m.name, line())
			}
		}
		if err := dec.Decode(&m.value); err != nil {
			return nil, broken()
		}
		m.line = line() - bytes.Count(m.value, []byte{'\n'})
		members = append(members, m)
	}
	if _, err := dec.Token(); err != nil {
		return nil, broken()
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, broken()
	}
	return members, nil
}
