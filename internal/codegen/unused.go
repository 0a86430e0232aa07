package main

import (
	"fmt"
	"go/ast"
	"go/types"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// entPackage is what generateEnt writes.
const entPackage = "github.com/redthread-api/redthread/ent/db"

// calledByName are the methods that a test calls by their names, on every type: that of the fence reads all types.
var calledByName = []string{"Query", "Count"}

// pruneUnused removes from package db, in folder, the functions and methods that nothing in this module reaches, tests
// included: ent generates all that any program could need. The linker keeps the exported methods of every type
// whose values become interfaces, because templates call methods by name, so it cannot do that.
//
// A method stays where an interface asks for it that the type implements, of this module or of ent, and where a generic function
// is called with the type and asks for it.
func pruneUnused(folder string) error {
	loaded, err := packages.Load(&packages.Config{
		Mode:  packages.NeedName | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedSyntax | packages.NeedImports | packages.NeedDeps,
		Tests: true,
	}, "./...")
	if err != nil {
		return fmt.Errorf("find what is used of package db: %w", err)
	}
	used := map[string]bool{"init": true}
	var interfaces []*types.Interface
	var generated *types.Package
	within := map[string][]string{} // what each function of package db refers to
	packages.Visit(loaded, nil, func(p *packages.Package) {
		switch {
		case p.PkgPath == entPackage:
			generated = p.Types
			for _, file := range p.Syntax {
				for _, decl := range file.Decls {
					if f, ok := decl.(*ast.FuncDecl); ok {
						name := nameOf(p.TypesInfo.Defs[f.Name])
						within[name] = append(within[name], usesIn(p.TypesInfo, f)...)
						continue
					}
					for _, name := range usesIn(p.TypesInfo, decl) {
						used[name] = true
					}
				}
			}
			interfaces = append(interfaces, interfacesIn(p)...)
		case strings.HasPrefix(p.PkgPath, "github.com/redthread-api/redthread/"):
			for _, file := range p.Syntax {
				for _, name := range usesIn(p.TypesInfo, file) {
					used[name] = true
				}
			}
			interfaces = append(interfaces, interfacesIn(p)...)
		case p.PkgPath == "entgo.io/ent" || strings.HasPrefix(p.PkgPath, "entgo.io/ent/dialect"), p.PkgPath == "fmt", p.PkgPath == "encoding/json":
			interfaces = append(interfaces, interfacesIn(p)...)
		}
	})
	if generated == nil {
		return fmt.Errorf("find what is used of package db: it was not loaded")
	}
	for _, name := range askedOfTypes(generated, interfaces) {
		used[name] = true
	}
	for name := range within {
		if _, method, ok := strings.Cut(name, "."); ok && slices.Contains(calledByName, method) {
			used[name] = true
		}
	}
	reached := map[string]bool{}
	var reach func(name string)
	reach = func(name string) {
		if !reached[name] {
			reached[name] = true
			for _, next := range within[name] {
				reach(next)
			}
		}
	}
	for name := range used {
		reach(name)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return err
	}
	for _, file := range files {
		err := prune(file, func(receiver, name string) bool {
			if receiver != "" {
				name = receiver + "." + name
			}
			_, isFunc := within[name]
			return isFunc && !reached[name]
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// nameOf returns the name of a function of package db, or of a method with its type before it; empty for anything else.
func nameOf(obj types.Object) string {
	f, ok := obj.(*types.Func)
	if !ok || f.Pkg() == nil || f.Pkg().Path() != entPackage {
		return ""
	}
	receiver := f.Signature().Recv()
	if receiver == nil {
		return f.Name()
	}
	t := receiver.Type()
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	if named, ok := t.(*types.Named); ok {
		return named.Obj().Name() + "." + f.Name()
	}
	return ""
}

// usesIn returns the functions and methods of package db that a piece of code refers to, or that the generic code
// it refers to asks for.
func usesIn(info *types.Info, node ast.Node) []string {
	var names []string
	ast.Inspect(node, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if name := nameOf(info.Uses[id]); name != "" {
				names = append(names, name)
			}
			names = append(names, askedOfArguments(info, id)...)
		}
		return true
	})
	return names
}

// interfacesIn returns the interfaces with methods that are written in a package.
func interfacesIn(p *packages.Package) []*types.Interface {
	all := []*types.Interface{types.Universe.Lookup("error").Type().Underlying().(*types.Interface)}
	for _, file := range p.Syntax {
		ast.Inspect(file, func(n ast.Node) bool {
			if written, ok := n.(*ast.InterfaceType); ok {
				if i, ok := p.TypesInfo.TypeOf(written).(*types.Interface); ok && i.NumMethods() > 0 {
					all = append(all, i)
				}
			}
			return true
		})
	}
	return all
}

// askedOfTypes returns the methods that types of package db have to implement interfaces.
func askedOfTypes(generated *types.Package, interfaces []*types.Interface) []string {
	var names []string
	for _, typ := range generated.Scope().Names() {
		t, ok := generated.Scope().Lookup(typ).(*types.TypeName)
		if !ok || types.IsInterface(t.Type()) {
			continue
		}
		for _, i := range interfaces {
			if types.Implements(types.NewPointer(t.Type()), i) {
				for m := range i.Methods() {
					names = append(names, typ+"."+m.Name())
				}
			}
		}
	}
	return names
}

// askedOfArguments returns the methods that a generic function or type asks for of the types of package db that it is used with
// at a place: its constraints, and interfaces as fields of a struct.
func askedOfArguments(info *types.Info, at *ast.Ident) []string {
	arguments := info.Instances[at].TypeArgs
	if arguments == nil {
		return nil
	}
	var parameters *types.TypeParamList
	var fields []*types.Interface
	switch t := info.Uses[at].Type().(type) {
	case *types.Signature:
		parameters = t.TypeParams()
	case *types.Named:
		parameters = t.TypeParams()
		if s, ok := t.Underlying().(*types.Struct); ok {
			for f := range s.Fields() {
				if i, ok := f.Type().Underlying().(*types.Interface); ok {
					fields = append(fields, i)
				}
			}
		}
	}
	var names []string
	for i := range min(arguments.Len(), parameters.Len()) {
		t := arguments.At(i)
		if p, ok := t.(*types.Pointer); ok {
			t = p.Elem()
		}
		named, ok := t.(*types.Named)
		if !ok || named.Obj().Pkg() == nil || named.Obj().Pkg().Path() != entPackage {
			continue
		}
		asked := fields
		if constraint, ok := parameters.At(i).Constraint().Underlying().(*types.Interface); ok {
			asked = append(asked, constraint)
		}
		for _, i := range asked {
			for m := range i.Methods() {
				names = append(names, named.Obj().Name()+"."+m.Name())
			}
		}
	}
	return names
}
