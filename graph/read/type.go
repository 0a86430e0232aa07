package read

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/internal/domain"
)

// Type is how the rows of one ent type are read.
type Type[T any] struct {
	*Table
	find    func(ctx context.Context, c *db.Client, columns []string, shape func(*sql.Selector)) ([]*T, error)
	id      int            // index of the struct's field ID
	batch   int            // index of the struct's field Batch; -1 where it has none
	columns map[string]int // index of the struct's field for a column
	always  []string       // the columns that are read whatever is selected
}

// query is what this package needs of ent's generated query of rows T, whose
// Select and Modify return S.
type query[T, S any] interface {
	Select(fields ...string) S
	Modify(modifiers ...func(*sql.Selector)) S
	All(ctx context.Context) ([]*T, error)
}

// NewType describes how the rows of ent type T, which are those of the table,
// are read.
func NewType[T, S any, Q query[T, S]](table *Table, columns []string, open func(*db.Client) Q) *Type[T] {
	t := &Type[T]{Table: table, batch: -1, columns: map[string]int{}}
	t.find = func(ctx context.Context, c *db.Client, columns []string, shape func(*sql.Selector)) ([]*T, error) {
		q := open(c)
		q.Select(columns...)
		q.Modify(shape)
		return q.All(ctx)
	}
	row := reflect.TypeFor[T]()
	for i := range row.NumField() {
		switch f := row.Field(i); f.Name {
		case "Batch":
			t.batch = i
		case "ID":
			t.id = i
			t.columns[table.key()] = i
		default:
			// ent writes the name of a field's column into its JSON tag.
			column, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if column == "-" { // sensitive; those with two words in their names are never read
				column = strings.ToLower(f.Name)
			}
			t.columns[column] = i
		}
	}
	for _, c := range columns {
		if slices.Contains(table.Never, c) {
			continue
		}
		if _, ok := t.columns[c]; !ok {
			panic(fmt.Sprintf("read: %s has no field for the column %q", row, c))
		}
		if table.ofColumn(c) == 0 {
			t.always = append(t.always, c)
		}
	}
	for _, g := range table.Groups {
		for _, c := range g.Columns {
			if !slices.Contains(columns, c) {
				panic(fmt.Sprintf("read: %s has no column %q", row, c))
			}
		}
	}
	return t
}

// names returns the columns that are always read and those of the groups.
func (t *Type[T]) names(groups columns) []string {
	names := slices.Clone(t.always)
	for i, g := range t.Groups {
		if groups&(1<<i) != 0 {
			names = append(names, g.Columns...)
		}
	}
	return names
}

// ColumnOf returns the column behind a field of GraphQL, and the Go type of its values;
// ok is false where no column has the field's name.
func (t *Type[T]) ColumnOf(field string) (column string, typ reflect.Type, ok bool) {
	var name strings.Builder
	for _, c := range field {
		if unicode.IsUpper(c) {
			name.WriteByte('_')
		}
		name.WriteRune(unicode.ToLower(c))
	}
	i, ok := t.columns[name.String()]
	if !ok || slices.Contains(t.Never, name.String()) {
		return "", nil, false
	}
	return name.String(), reflect.TypeFor[T]().Field(i).Type, true
}

// ID returns the number that identifies a row.
func (t *Type[T]) ID(row *T) domain.ID {
	return domain.ID(reflect.ValueOf(row).Elem().Field(t.id).Int())
}

// value returns what a row has in a column: nil for null, else the bare value.
func (t *Type[T]) value(row *T, column string) any {
	v := reflect.ValueOf(row).Elem().Field(t.columns[column])
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	if d, ok := v.Interface().(domain.Date); ok && d == "" {
		return nil
	}
	return v.Interface()
}

// reference returns the id that a row has in a column; 0 for null.
func (t *Type[T]) reference(row *T, column string) domain.ID {
	id, _ := t.value(row, column).(domain.ID)
	return id
}

func (t *Type[T]) batchOf(row *T) *Batch[T] {
	if t.batch < 0 {
		return nil
	}
	b, _ := reflect.ValueOf(row).Elem().Field(t.batch).Interface().(*Batch[T])
	return b
}

func (t *Type[T]) setBatch(row *T, b *Batch[T]) {
	if t.batch >= 0 {
		reflect.ValueOf(row).Elem().Field(t.batch).Set(reflect.ValueOf(b))
	}
}

// Text returns the text that a row has in a column; nil for null.
func (t *Type[T]) Text(row *T, column string) *string {
	if s, ok := t.value(row, column).(string); ok {
		return &s
	}
	return nil
}

// Number returns the number that a row has in a column; nil for null.
func (t *Type[T]) Number(row *T, column string) *int {
	if n, ok := t.value(row, column).(int); ok {
		return &n
	}
	return nil
}

// Time returns the moment that a row has in a column; nil for null.
func (t *Type[T]) Time(row *T, column string) *time.Time {
	if at, ok := t.value(row, column).(time.Time); ok {
		return &at
	}
	return nil
}
