package ownership

import (
	"cmp"
	"math/big"
	"math/bits"
	"slices"

	"github.com/redthread-api/redthread/internal/domain"
)

// binary is a number from 0 to 1 in units of 2 to the power of -62.
type binary uint64

const (
	binaryBits = 62
	binaryOne  = binary(1) << binaryBits
)

// binaryRow is a row of a component that is approximated, with room for shares that are
// larger than their Min.
type binaryRow struct {
	entity int32
	owners []int32
	least  []domain.Share
	room   []domain.Share // Max less Min; nil if no share can be larger
	left   domain.Share   // what the Min leave of 100 percent
	whole  domain.Share
	// order and shares are those of the last round: the order changes little.
	order  []int
	shares []domain.Share
}

// approximate bounds the shares of a component with cycles: Min from below and Max from
// above, which come nearer with each round and never cross the exact range.
func (v *values) approximate(block []int32, rounds int) {
	rows := make([]binaryRow, len(block))
	lo, hi := make([]binary, len(v.g.ids)), make([]binary, len(v.g.ids))
	unit := new(big.Int).SetUint64(uint64(binaryOne))
	for i, e := range block {
		rows[i] = v.binaryRow(e)
		for _, o := range rows[i].owners {
			if hi[o] == 0 {
				lo[o], hi[o] = binary(floor(v.low(o), unit).Uint64()), binary(ceil(v.high(o), unit).Uint64())
			}
		}
	}
	for _, e := range block {
		lo[e], hi[e] = 0, binaryOne
	}
	for range rounds {
		for i := range rows {
			r := &rows[i]
			lo[r.entity] = r.sum(r.least, lo, false)
			hi[r.entity] = r.sum(r.greedy(hi), hi, true)
		}
	}
	for _, e := range block {
		v.lo[e] = new(big.Rat).SetFrac(new(big.Int).SetUint64(uint64(lo[e])), unit)
		v.hi[e] = new(big.Rat).SetFrac(new(big.Int).SetUint64(uint64(hi[e])), unit)
	}
}

func (v *values) binaryRow(e int32) binaryRow {
	least := v.leastRow(e)
	r := binaryRow{
		entity: e, owners: least.owners, least: least.shares, whole: least.whole,
		left: domain.FullShare - v.g.least[e],
	}
	for i, s := range v.g.in.of(e) {
		if room := v.g.stakes[s].max - v.g.stakes[s].min; room > 0 && r.left > 0 {
			if r.room == nil {
				r.room = make([]domain.Share, len(r.owners))
				r.shares = make([]domain.Share, len(r.owners))
				r.order = make([]int, len(r.owners))
			}
			r.room[i] = room
		}
	}
	for i := range r.order {
		r.order[i] = i
	}
	return r
}

// greedy returns the shares that give the owners of highest value as much as there is
// room for. They are good until the next call.
func (r *binaryRow) greedy(value []binary) []domain.Share {
	if r.room == nil {
		return r.least
	}
	slices.SortFunc(r.order, func(i, j int) int { return cmp.Compare(value[r.owners[j]], value[r.owners[i]]) })
	copy(r.shares, r.least)
	left := r.left
	for _, i := range r.order {
		more := min(left, r.room[i])
		r.shares[i] += more
		left -= more
	}
	return r.shares
}

// sum returns the sum of shares times the values of their owners, rounded down, or up.
func (r *binaryRow) sum(shares []domain.Share, value []binary, up bool) binary {
	var high, low, carry uint64
	for i, s := range shares {
		h, l := bits.Mul64(uint64(s), uint64(value[r.owners[i]]))
		low, carry = bits.Add64(low, l, 0)
		high, _ = bits.Add64(high, h, carry)
	}
	quotient, rest := bits.Div64(high, low, uint64(r.whole))
	if up && rest > 0 {
		quotient++
	}
	return binary(quotient)
}
