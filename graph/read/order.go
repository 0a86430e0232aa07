package read

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/internal/collation"
	"github.com/redthread-api/redthread/internal/domain"
)

// OrderBy is an order as GraphQL gives it.
type OrderBy struct {
	Field     string
	Direction string
}

// Ascending and Descending are the directions of GraphQL.
const (
	Ascending  = "ASC"
	Descending = "DESC"
)

// ordering is the total order of a list: by a column, then by id in the same
// direction.
type ordering struct {
	Order
	list       string // names the list and its order, for cursors
	stage      domain.Stage
	descending bool
	byPosition bool // the column is the link's or the owned row's position, which no cursor has
	notNull    bool // the column is never null at this stage
}

// sortKey is the position of a row in an ordering.
type sortKey struct {
	value any // nil, int64, string, []byte (a key of the order of texts) or time.Time
	id    domain.ID
}

// terms returns what ORDER BY takes. With reverse the order is turned round.
func (o *ordering) terms(e engine, column, id string, reverse bool) []sql.Querier {
	descending := o.descending != reverse
	direction := ""
	if descending {
		direction = " DESC"
	}
	nulls := ""
	if !o.notNull {
		nulls = e.nulls(descending)
	}
	return []sql.Querier{
		sql.Raw(column + direction + nulls),
		sql.Raw(id + direction),
	}
}

// beyond is the condition that a row comes after the place; with reverse,
// before it.
func (o *ordering) beyond(column, id string, p sortKey, reverse bool) *sql.Predicate {
	op := " > "
	if o.descending != reverse {
		op = " < "
	}
	if p.value == nil {
		// Among the nulls, by id; all that is not null is higher.
		higher := ""
		if op == " > " {
			higher = column + " IS NOT NULL OR "
		}
		return sql.P(func(b *sql.Builder) {
			b.WriteString("(" + higher + column + " IS NULL AND " + id + op).Arg(int64(p.id)).WriteString(")")
		})
	}
	return sql.P(func(b *sql.Builder) {
		lower := op == " < " && !o.notNull
		if lower {
			b.WriteString("(" + column + " IS NULL OR ")
		}
		b.WriteString("(" + column + ", " + id + ")" + op + "(").Arg(p.value).WriteString(", ").Arg(int64(p.id)).WriteString(")")
		if lower {
			b.WriteString(")")
		}
	})
}

// A cursor is the place of a row in a list, opaque to clients: JSON in
// URL-safe base64. It is of one stage: a row may be at another place at the other, or
// not there.
type cursor struct {
	List  string          `json:"l"`
	Stage domain.Stage    `json:"s,omitempty"`
	Value json.RawMessage `json:"v"`
	ID    rowID           `json:"i"`
}

// rowID identifies a row in a cursor: an id in its public form, or the number of a row
// that has none, such as an entry of the audit log.
type rowID domain.ID

func (id rowID) MarshalJSON() ([]byte, error) {
	if text := domain.ID(id).String(); isID(text) {
		return json.Marshal(text)
	}
	return json.Marshal(int64(id))
}

func (id *rowID) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, (*domain.ID)(id))
	}
	return json.Unmarshal(b, (*int64)(id))
}

func isID(text string) bool {
	_, err := domain.ParseID(text)
	return err == nil
}

// maxCursor is the maximum length of a cursor, in bytes. The longest cursors contain
// the longest text that lists are ordered by.
const maxCursor = 16 << 10

// encode makes the cursor of a place.
func (o *ordering) encode(p sortKey) (string, error) {
	value := p.value
	if t, ok := value.(time.Time); ok {
		value = t.UTC().Format(time.RFC3339Nano)
	}
	v, err := json.Marshal(value)
	if err != nil {
		return "", err
	}
	c, err := json.Marshal(cursor{List: o.list, Stage: o.stage, Value: v, ID: rowID(p.id)})
	return base64.RawURLEncoding.EncodeToString(c), err
}

var errForeignCursor = errors.New("this cursor is of another list or of another order; start again without it")
var errBrokenCursor = errors.New("this is no cursor; pass one on as you got it")

// decode reads a cursor and refuses one that this list did not make.
func (o *ordering) decode(s string) (sortKey, error) {
	if len(s) > maxCursor {
		return sortKey{}, errBrokenCursor
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		return sortKey{}, errBrokenCursor
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	var c cursor
	if err := d.Decode(&c); err != nil || d.More() || len(c.Value) == 0 {
		return sortKey{}, errBrokenCursor
	}
	if c.List != o.list {
		return sortKey{}, errForeignCursor
	}
	if c.Stage != o.stage {
		return sortKey{}, otherStageError(o.stage)
	}
	value, err := o.parse(c.Value)
	if err != nil {
		return sortKey{}, errBrokenCursor
	}
	if o.Text != "" {
		// The cursor has the text, which is shorter than its key, and good also
		// for keys of another version.
		text, _ := value.(string)
		value = collation.Key(text)
	}
	return sortKey{value: value, id: domain.ID(c.ID)}, nil
}

// otherStageError is the error for a cursor that is not of a stage.
func otherStageError(want domain.Stage) error {
	if want == domain.Desk {
		return errors.New("this cursor is of live (stage LIVE), and this list is read on the desk (stage DESK); start again without it")
	}
	return errors.New("this cursor is of the desk (stage DESK), and this list is read in live (stage LIVE); start again without it")
}

func (o *ordering) parse(raw json.RawMessage) (any, error) {
	if string(raw) == "null" {
		if o.Nullable || o.byPosition {
			return nil, nil
		}
		return nil, errBrokenCursor
	}
	if o.byPosition {
		return nil, errBrokenCursor
	}
	switch o.Kind {
	case Text, Enum, Date:
		var s string
		err := json.Unmarshal(raw, &s)
		if err == nil && strings.ContainsRune(s, 0) {
			err = errBrokenCursor // PostgreSQL's texts have no NUL
		}
		return s, err
	case DateTime:
		var t time.Time
		err := json.Unmarshal(raw, &t)
		return t.UTC(), err
	}
	var n int64
	err := json.Unmarshal(raw, &n)
	return n, err
}

// cursorValue turns the value of a column into what cursors and statements take.
func cursorValue(v any) any {
	switch v := v.(type) {
	case domain.Date:
		return string(v)
	case domain.ID:
		return int64(v)
	case domain.Share:
		return int64(v)
	case domain.Marking:
		return int64(v)
	case int:
		return int64(v)
	}
	return v
}

// CursorCodec encodes and decodes the cursors of a list that is made outside this package,
// ordered by a value of a kind and then by id.
type CursorCodec struct {
	List  string
	Kind  Kind
	Stage domain.Stage // at which the list is read
}

// Encode makes the cursor of a place: value is an int64, a string or a
// time.Time, as the kind wants.
func (p CursorCodec) Encode(value any, id domain.ID) (string, error) {
	o := ordering{Order: Order{Kind: p.Kind}, list: p.List, stage: p.Stage}
	return o.encode(sortKey{value: value, id: id})
}

// Decode reads the argument after. The zero value stands for its absence.
func (p CursorCodec) Decode(after *string) (value any, id domain.ID, err error) {
	if after == nil {
		return nil, 0, nil
	}
	o := ordering{Order: Order{Kind: p.Kind}, list: p.List, stage: p.Stage}
	at, err := o.decode(*after)
	if err != nil {
		var problems domain.Problems
		problems.Add("after", "%s", err)
		return nil, 0, problems.Err("the arguments are not right")
	}
	return at.value, at.id, nil
}

// PageSize checks the argument first of such a list.
func PageSize(first *int) (int, error) {
	var problems domain.Problems
	n, _ := Args{First: first}.window(&problems)
	return n, problems.Err("the arguments are not right")
}
