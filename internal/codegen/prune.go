package main

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// uncalledOperators are the ends of the names of predicates that this program does not
// call.
var uncalledOperators = []string{"NotIn", "Contains", "ContainsFold", "HasPrefix", "HasSuffix", "EqualFold", "NotNil"}

// pruneEnt removes from the packages of ent, in folder, what is not called by rule: the predicates that uncalledOperators name
// and those of types that are in neither written nor filtered (those on the id stay), the interceptors that are for one type,
// and grouping. What is left uncalled in package db itself, [pruneUnused] finds.
func pruneEnt(folder string) error {
	var withPredicates []string
	for _, name := range slices.Concat(written, filtered) {
		withPredicates = append(withPredicates, strings.ToLower(name))
	}
	return filepath.WalkDir(folder, func(file string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		dir := filepath.Base(filepath.Dir(file))
		return prune(file, func(receiver, name string) bool {
			switch {
			case filepath.Base(file) == "where.go":
				return slices.ContainsFunc(uncalledOperators, func(end string) bool { return strings.HasSuffix(name, end) }) ||
					!strings.HasPrefix(name, "ID") && !slices.Contains(withPredicates, dir)
			case dir == "intercept":
				if receiver != "" {
					name = receiver
				}
				return (strings.HasPrefix(name, "Traverse") || strings.HasSuffix(name, "Func")) && name != "TraverseFunc"
			}
			return strings.HasSuffix(receiver+name, "GroupBy") || strings.HasSuffix(receiver, "GroupBy")
		})
	})
}

// prune removes the functions, methods and types of a Go file for which remove returns
// true, with their comments, and the imports that are then unused. The receiver is the
// type of a method, without a star; it is empty for functions and types.
func prune(filename string, remove func(receiver, name string) bool) error {
	code, err := os.ReadFile(filename)
	if err != nil {
		return err
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, filename, code, parser.ParseComments)
	if err != nil {
		return err
	}
	var cuts []ast.Node
	used := map[string]bool{}
	for _, decl := range file.Decls {
		receiver, name, doc := declared(decl)
		if name != "" && remove(receiver, name) {
			if doc != nil {
				cuts = append(cuts, doc)
			}
			cuts = append(cuts, decl)
			continue
		}
		ast.Inspect(decl, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok {
					used[x.Name] = true
				}
			}
			return true
		})
	}
	if len(cuts) == 0 {
		return nil
	}
	for _, i := range file.Imports {
		name := path.Base(strings.Trim(i.Path.Value, `"`))
		if i.Name != nil {
			name = i.Name.Name
		}
		if !used[name] {
			cuts = append(cuts, i)
		}
	}
	slices.SortFunc(cuts, func(a, b ast.Node) int { return int(a.Pos() - b.Pos()) })
	var remaining bytes.Buffer
	from := 0
	for _, cut := range cuts {
		remaining.Write(code[from:files.Position(cut.Pos()).Offset])
		from = files.Position(cut.End()).Offset
	}
	remaining.Write(code[from:])
	if code, err = format.Source(remaining.Bytes()); err != nil {
		return err
	}
	return os.WriteFile(filename, code, 0o644)
}

// declared returns what a declaration declares and its comment: a function, a method with
// its receiver's type, or a single type. The name is empty for any other declaration.
func declared(decl ast.Decl) (receiver, name string, doc *ast.CommentGroup) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv != nil {
			of := d.Recv.List[0].Type
			if star, ok := of.(*ast.StarExpr); ok {
				of = star.X
			}
			if ident, ok := of.(*ast.Ident); ok {
				receiver = ident.Name
			}
		}
		return receiver, d.Name.Name, d.Doc
	case *ast.GenDecl:
		if t, ok := d.Specs[0].(*ast.TypeSpec); ok && len(d.Specs) == 1 {
			return "", t.Name.Name, d.Doc
		}
	}
	return "", "", nil
}
