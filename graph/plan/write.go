package plan

import (
	"strconv"

	"github.com/redthread-api/redthread/graph/bounded"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/store"
)

func (x *execution) query() error {
	x.buf = append(x.buf, '{')
	for i := range x.plan.roots {
		r := &x.plan.roots[i]
		x.key(i, r.key)
		if err := x.root(r, i); err != nil {
			return at(r.field, err)
		}
	}
	x.buf = append(x.buf, '}')
	return x.checkSize()
}

// checkSize returns an error where the response is too large, or the operation has ended.
func (x *execution) checkSize() error {
	if x.limit >= 0 && len(x.buf)-x.start > x.limit {
		return bounded.Exceed(x.ctx)
	}
	return x.ctx.Err()
}

// key writes the key of the field number i of an object.
func (x *execution) key(i int, key []byte) {
	if i > 0 {
		x.buf = append(x.buf, ',')
	}
	x.buf = append(x.buf, key...)
}

// root writes the field number i of the query.
func (x *execution) root(r *root, i int) error {
	switch {
	case r.typename:
		x.buf = append(append(append(x.buf, '"'), x.plan.schema.Query.Name...), '"')
		return nil
	case r.list != nil:
		loaded := &edgeBatch{listing: x.lists[i]}
		loaded.listing.Record(x.ctx, nil)
		return x.connection(r.list, loaded, r.rows, nil, 0)
	}
	values := x.args[r.args]
	x.isLast() // not with this one, which may take several statements
	rows, err := x.Reader.FindRow(x.ctx, r.rows.table, r.rows.columns, optional(values["id"]), optional(values["slug"]), byArgument(values))
	if err != nil {
		return err
	}
	x.found(r.rows, rows)
	if rows.Len() == 0 {
		x.buf = append(x.buf, "null"...)
		return nil
	}
	return x.object(r.object, newBatch(r.rows, rows), 0)
}

func (x *execution) object(o *object, b *batch, row int) error {
	x.buf = append(x.buf, '{')
	for i := range o.outputs {
		out := &o.outputs[i]
		x.key(i, out.key)
		isNull, err := x.output(out, b, row)
		if err != nil {
			return at(out.field, err)
		}
		if isNull {
			if out.nonNull {
				return ErrNotPlanned // the executor says so
			}
			x.buf = append(x.buf, "null"...)
		}
	}
	x.buf = append(x.buf, '}')
	return x.checkSize()
}

// output writes a field of a row, but nothing where it is null.
func (x *execution) output(out *output, b *batch, row int) (isNull bool, err error) {
	switch out.kind {
	case literal:
		x.buf = append(x.buf, out.literal...)
	case column:
		var ok bool
		x.buf, ok = out.write(x.buf, b.rows.Value(row, out.column))
		return !ok, nil
	case text:
		return x.text(out, b, row)
	case computed:
		value, ok := out.value(b.values(row, out.columns))
		if ok {
			x.buf = appendString(x.buf, value)
		}
		return !ok, nil
	case through:
		loaded, target, err := x.target(out, b, row)
		if err != nil {
			return false, err
		}
		if target < 0 {
			return false, ErrNotPlanned
		}
		x.buf = appendString(x.buf, out.through(loaded.targets.values(target, out.of), b.values(row, out.columns)))
	case oneObject:
		loaded, target, err := x.target(out, b, row)
		if err != nil || target < 0 {
			return true, err
		}
		return false, x.object(out.object, loaded.targets, target)
	case objectList:
		loaded, err := x.list(b, out.edge)
		if err != nil {
			return false, err
		}
		return false, x.objects(out.object, loaded.targets, loaded.groups.of(b.rows.ID(row)))
	case connectionPage:
		return false, x.connection(out.list, x.page(b, out.edge), b.source.edges[out.edge].rows, b.owners(), b.rows.ID(row))
	}
	return false, nil
}

// target returns what the edge of a field leads to from a row: its number in the targets,
// -1 for none.
func (x *execution) target(out *output, b *batch, row int) (*edgeBatch, int, error) {
	loaded, err := x.one(b, out.edge)
	if err != nil {
		return nil, -1, err
	}
	id := b.rows.Value(row, b.source.edges[out.edge].column).Int()
	target, ok := loaded.byID[id]
	if !ok {
		return loaded, -1, nil
	}
	return loaded, int(target), nil
}

// values returns what a row has in some columns.
func (b *batch) values(row int, columns []int) []read.Value {
	values := make([]read.Value, len(columns))
	for i, c := range columns {
		values[i] = b.rows.Value(row, c)
	}
	return values
}

func (x *execution) objects(o *object, b *batch, rows []int32) error {
	x.buf = append(x.buf, '[')
	for i, row := range rows {
		if i > 0 {
			x.buf = append(x.buf, ',')
		}
		if err := x.object(o, b, int(row)); err != nil {
			return atIndex(i, err)
		}
	}
	x.buf = append(x.buf, ']')
	return nil
}

// text writes a text in the format that the arguments have.
func (x *execution) text(out *output, b *batch, row int) (isNull bool, err error) {
	v := b.rows.Value(row, out.column)
	format, notes := x.format(out.args)
	plain := b.source.texts[out.text].plain
	if v.Kind != store.Text || x.Renderer.IsSource(v.Text, format, notes, plain) {
		var ok bool
		x.buf, ok = out.write(x.buf, v)
		return !ok, nil
	}
	rendered, err := x.Renderer.Render(x.ctx, string(v.Text), format, notes, plain, func() (any, error) { return x.namesIn(b, out.text) })
	if err == nil {
		x.buf = appendString(x.buf, rendered)
	}
	return false, err
}

// format returns how a text is to be written. Without the argument for the notes it is whole.
func (x *execution) format(args int) (format string, notes bool) {
	values := x.args[args]
	format, _ = values["format"].(string)
	notes, ok := values["notes"].(bool)
	return format, notes || !ok
}

// connection writes a connection of an owner; without owners it is the list of all rows.
func (x *execution) connection(l *connection, loaded *edgeBatch, rows *source, owners []int64, owner int64) error {
	var page []int32
	var more bool
	x.buf = append(x.buf, '{')
	for i := range l.outputs {
		out := &l.outputs[i]
		x.key(i, out.key)
		if out.kind >= nodes && page == nil {
			var err error
			if page, more, err = x.pageOf(loaded, rows, owners, owner); err != nil {
				return at(out.field, err)
			}
		}
		var err error
		switch out.kind {
		case connectionLiteral:
			x.buf = append(x.buf, out.literal...)
		case totalCount:
			var n int
			n, err = x.count(loaded, owners, owner)
			x.buf = strconv.AppendInt(x.buf, int64(n), 10)
		case nodes:
			err = x.objects(out.object, loaded.targets, page)
		case edges:
			err = x.edges(out.edge, loaded, page)
		case pageInfo:
			err = x.pageInfo(out.info, loaded, page, more)
		}
		if err != nil {
			return at(out.field, err)
		}
	}
	x.buf = append(x.buf, '}')
	return nil
}

// pageOf returns the rows of the page of an owner, which are never nil.
func (x *execution) pageOf(loaded *edgeBatch, rows *source, owners []int64, owner int64) (page []int32, more bool, err error) {
	if err := x.load(loaded, rows, owners); err != nil {
		return nil, false, err
	}
	if owners == nil {
		page = ascending(loaded.targets.rows.Len())
	} else if page = loaded.groups.of(owner); page == nil {
		page = []int32{}
	}
	page, more = loaded.listing.Trim(page)
	return page, more, nil
}

// ascending returns the numbers of n rows.
func ascending(n int) []int32 {
	all := make([]int32, n)
	for i := range all {
		all[i] = int32(i)
	}
	return all
}

func (x *execution) edges(fields []edgeOutput, loaded *edgeBatch, page []int32) error {
	x.buf = append(x.buf, '[')
	for i, row := range page {
		if i > 0 {
			x.buf = append(x.buf, ',')
		}
		x.buf = append(x.buf, '{')
		for j := range fields {
			f := &fields[j]
			x.key(j, f.key)
			switch {
			case f.object != nil:
				if err := x.object(f.object, loaded.targets, int(row)); err != nil {
					return atIndex(i, at(f.field, err))
				}
			case f.cursor:
				if err := x.cursor(loaded, row); err != nil {
					return err
				}
			default:
				x.buf = append(x.buf, f.literal...)
			}
		}
		x.buf = append(x.buf, '}')
	}
	x.buf = append(x.buf, ']')
	return nil
}

// cursor writes the cursor of a row. It has only characters that JSON does not escape.
func (x *execution) cursor(loaded *edgeBatch, row int32) error {
	cursor, err := loaded.listing.Cursor(loaded.targets.rows, int(row), loaded.cursor)
	x.buf = append(append(append(x.buf, '"'), cursor...), '"')
	return err
}

func (x *execution) pageInfo(fields []pageInfoOutput, loaded *edgeBatch, page []int32, more bool) error {
	x.buf = append(x.buf, '{')
	for i := range fields {
		f := &fields[i]
		x.key(i, f.key)
		switch f.field.Name {
		case "hasNextPage":
			x.buf = strconv.AppendBool(x.buf, loaded.listing.HasNext(more))
		case "hasPreviousPage":
			x.buf = strconv.AppendBool(x.buf, loaded.listing.HasPrevious(more))
		case "startCursor", "endCursor":
			if len(page) == 0 {
				x.buf = append(x.buf, "null"...)
				continue
			}
			row := page[0]
			if f.field.Name == "endCursor" {
				row = page[len(page)-1]
			}
			if err := x.cursor(loaded, row); err != nil {
				return err
			}
		default:
			x.buf = append(x.buf, f.literal...)
		}
	}
	x.buf = append(x.buf, '}')
	return nil
}
