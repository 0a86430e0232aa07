package main

import (
	"bytes"
	"go/format"
	"os"
	"text/template"

	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/entc/gen"
)

// tablesFile is the template of the file with the tables. The program reads it instead
// of package migrate, which links the differs of atlas for three databases.
var tablesFile = template.Must(template.New("tables").Parse(`{{ .Header }}

package db

import "entgo.io/ent/schema/field"

// Table describes a table of the ent schema.
type Table struct {
	Name        string
	Columns     []Column
	ForeignKeys []ForeignKey
}

// Column describes a column of a table.
type Column struct {
	Name     string
	Type     field.Type
	Nullable bool
}

// ForeignKey is a reference of a column to the id of another table.
type ForeignKey struct {
	Column   string
	RefTable string
	Cascade  bool // deleting the row that is referred to deletes this one
}

// Tables returns the tables of the ent schema.
func Tables() []Table {
	return []Table{
		{{- range .Tables }}
		{
			Name: "{{ .Name }}",
			Columns: []Column{
				{{- range .Columns }}
				{"{{ .Name }}", field.{{ .Type.ConstName }}, {{ .Nullable }}},
				{{- end }}
			},
			{{- with .ForeignKeys }}
			ForeignKeys: []ForeignKey{
				{{- range . }}
				{"{{ (index .Columns 0).Name }}", "{{ .RefTable.Name }}", {{ eq .OnDelete "CASCADE" }}},
				{{- end }}
			},
			{{- end }}
		},
		{{- end }}
	}
}
`))

// describeTables writes a file with the tables of the schema.
func describeTables(g *gen.Graph, filename string) error {
	tables, err := g.Tables()
	if err != nil {
		return err
	}
	var code bytes.Buffer
	if err := tablesFile.Execute(&code, struct {
		Header string
		Tables []*schema.Table
	}{g.Header, tables}); err != nil {
		return err
	}
	formatted, err := format.Source(code.Bytes())
	if err != nil {
		return err
	}
	return os.WriteFile(filename, formatted, 0o644)
}
