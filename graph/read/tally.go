package read

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/visibility"
)

// MaxTally is how many different dates and groups of a list are read; see [Connection.Tally].
const MaxTally = 50_000

// Tally is what the rows of a list are counted by: the columns with their dates and groups, and with the numbers that are
// summed. Group is empty where they are not divided. Where it refers to documents of a table, that is Of: what refers to one
// that the viewer does not see is in the group null.
type Tally struct {
	Date, Group, Sum string
	Of               *Table
}

// TallyRow is the rows of a list with one date and group.
type TallyRow struct {
	Date  domain.Date // empty where there is none
	Group Value
	Count int
	// Known is how many have a number, and Sum the sum of these: at most GreatestNumber. Exceeds says that it is greater.
	Known, Sum int
	Exceeds    bool
}

// sumPart is the unit of the parts in which numbers are summed: the sum of the whole may not fit into 64 bits.
const sumPart = 1 << 20

// Tally counts the rows of the whole list, the latest dates first. complete is false where there are more different dates and
// groups than MaxTally: the earliest are left out.
func (c *Connection[T]) Tally(ctx context.Context, t Tally) (rows []TallyRow, complete bool, err error) {
	found, err := c.tally(ctx, t)
	return found.rows, found.complete, err
}

type tallied struct {
	rows     []TallyRow
	complete bool
}

// tally counts lists by date and group, by owner, with one statement.
func (r *Reader) tally(ctx context.Context, t *Table, p *plan, by Tally, rel *Relation, owners []int64) (map[domain.ID]tallied, error) {
	p.accessFreely()
	p.seeks = byNone
	s, owner, err := r.counting(ctx, t, p, rel, owners)
	if err != nil {
		return nil, err
	}
	group := "0"
	if by.Group != "" {
		group = s.C(by.Group)
	}
	if by.Of != nil {
		fence, err := visibility.Fence(ctx)
		if err != nil {
			return nil, err
		}
		build := sql.Dialect(r.stores.Dialect())
		of := build.Table(by.Of.Name).As("of")
		fenced := build.Select().From(of).WithContext(ctx)
		fence(fenced)
		fenced.Where(sql.ColumnsEQ(of.C("id"), group))
		s.LeftJoin(of).OnP(fenced.P())
		group = of.C("id")
	}
	date, number := s.C(by.Date), s.C(by.Sum)
	s.Select()
	for _, column := range []string{owner, date, group, "COUNT(*)", "COUNT(" + number + ")",
		fmt.Sprintf("CAST(COALESCE(SUM(%s / %d), 0) AS bigint)", number, sumPart), fmt.Sprintf("CAST(COALESCE(SUM(%s %% %d), 0) AS bigint)", number, sumPart)} {
		s.AppendSelectExpr(sql.Raw(column))
	}
	if rel != nil {
		s.GroupBy(owner)
	}
	s.GroupBy(date)
	if by.Group != "" {
		s.GroupBy(group)
	}
	s.OrderExpr(sql.Raw(date + " DESC" + r.engine.nulls(true)))
	s.Limit(MaxTally + 1)
	query, args := s.Query()
	if err := s.Err(); err != nil {
		return nil, err
	}
	const width = 7
	found, err := r.stores.ReadValues(ctx, query, args, width)
	if err != nil {
		return nil, fmt.Errorf("count %s over time: %w", t.Name, err)
	}
	complete := found.Len()/width <= MaxTally
	out := map[domain.ID]tallied{}
	for _, id := range owners {
		out[domain.ID(id)] = tallied{complete: complete}
	}
	for i := 0; i < min(found.Len()/width, MaxTally); i++ {
		at := func(n int) Value { return found.At(i*width + n) }
		id := domain.ID(at(0).Int())
		row := TallyRow{Date: domain.Date(at(1).Text), Group: at(2), Count: int(at(3).Int()), Known: int(at(4).Int()), Sum: GreatestNumber, Exceeds: true}
		if high := at(5).Int(); high <= GreatestNumber/sumPart {
			if sum := int(high*sumPart + at(6).Int()); sum <= GreatestNumber {
				row.Sum, row.Exceeds = sum, false
			}
		}
		one := out[id]
		one.rows, one.complete = append(one.rows, row), complete
		out[id] = one
	}
	return out, nil
}
