package ownership

import (
	"math/big"

	"github.com/redthread-api/redthread/internal/domain"
)

// solveRows solves the equations of a component: the value of an entity is the sum of its
// row, with the values of entities outside of the component given. Of several solutions
// it returns the least one.
func solveRows(block []int32, rows []row, given func(int32) *big.Rat) []*big.Rat {
	inside := make(map[int32]int, len(block))
	out := make([]*big.Rat, len(block))
	for i, e := range block {
		inside[e] = i
		out[i] = new(big.Rat)
	}
	// An entity has a value if an owner that has one holds a share in it. The others have the value 0, and
	// without them there is exactly one solution.
	constant := make([]*big.Rat, len(block))
	positive := make([]bool, len(block))
	for i, r := range rows {
		constant[i] = r.sum(func(o int32) *big.Rat {
			if _, ok := inside[o]; ok {
				return new(big.Rat)
			}
			return given(o)
		})
		positive[i] = constant[i].Sign() > 0
	}
	for again := true; again; {
		again = false
		for i, r := range rows {
			for k, s := range r.shares {
				if j, ok := inside[r.owners[k]]; ok && s > 0 && positive[j] && !positive[i] {
					positive[i], again = true, true
				}
			}
		}
	}
	place := make([]int, len(block))
	var unknown []int
	for i := range block {
		if positive[i] {
			place[i] = len(unknown)
			unknown = append(unknown, i)
		}
	}
	// Whole numbers: each row times its whole, and the right-hand side times a common denominator.
	common := big.NewInt(1)
	for _, i := range unknown {
		d := constant[i].Denom()
		common.Mul(common, new(big.Int).Quo(d, new(big.Int).GCD(nil, nil, common, d)))
	}
	m := make([][]*big.Int, len(unknown))
	for k, i := range unknown {
		m[k] = make([]*big.Int, len(unknown)+1)
		for j := range m[k] {
			m[k][j] = new(big.Int)
		}
		m[k][k].SetInt64(int64(rows[i].whole))
		for n, s := range rows[i].shares {
			if j, ok := inside[rows[i].owners[n]]; ok && positive[j] {
				m[k][place[j]].Sub(m[k][place[j]], big.NewInt(int64(s)))
			}
		}
		right := m[k][len(unknown)]
		right.Quo(common, constant[i].Denom())
		right.Mul(right, constant[i].Num())
		right.Mul(right, big.NewInt(int64(rows[i].whole)))
	}
	for k, x := range eliminate(m) {
		out[unknown[k]] = x.Quo(x, new(big.Rat).SetInt(common))
	}
	return out
}

// eliminate solves a system of linear equations in whole numbers, the right-hand side
// being the last column. It is Bareiss's elimination without fractions (1968). It never has to
// exchange rows: the matrix is 1 minus a matrix of shares from which every walk leaves, of
// which all leading principal minors are positive.
func eliminate(m [][]*big.Int) []*big.Rat {
	n := len(m)
	before := big.NewInt(1)
	t := new(big.Int)
	for k := range n {
		for i := k + 1; i < n; i++ {
			for j := k + 1; j <= n; j++ {
				x := m[i][j]
				x.Mul(x, m[k][k])
				x.Sub(x, t.Mul(m[i][k], m[k][j]))
				x.Quo(x, before)
			}
		}
		before = m[k][k]
	}
	out := make([]*big.Rat, n)
	for i := n - 1; i >= 0; i-- {
		x := new(big.Rat).SetInt(m[i][n])
		for j := i + 1; j < n; j++ {
			x.Sub(x, new(big.Rat).Mul(new(big.Rat).SetInt(m[i][j]), out[j]))
		}
		out[i] = x.Quo(x, new(big.Rat).SetInt(m[i][i]))
	}
	return out
}

// fraction returns a share as a number from 0 to 1.
func fraction(s domain.Share) *big.Rat { return big.NewRat(int64(s), int64(domain.FullShare)) }

// shown returns two numbers from 0 to 1 as a range of shares: the lower one rounded
// down to a millionth of a percent, the upper one rounded up.
func shown(lo, hi *big.Rat) Range {
	whole := big.NewInt(int64(domain.FullShare))
	return Range{domain.Share(floor(lo, whole).Int64()), domain.Share(ceil(hi, whole).Int64())}
}

// coarseDown returns a number rounded down to 30 decimals.
func coarseDown(x *big.Rat) *big.Rat { return new(big.Rat).SetFrac(floor(x, coarse()), coarse()) }

// coarseUp returns a number rounded up to 30 decimals.
func coarseUp(x *big.Rat) *big.Rat { return new(big.Rat).SetFrac(ceil(x, coarse()), coarse()) }

func coarse() *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(30), nil) }

// floor returns the whole part of a number that is not negative, times unit.
func floor(x *big.Rat, unit *big.Int) *big.Int {
	n := new(big.Int).Mul(x.Num(), unit)
	return n.Quo(n, x.Denom())
}

// ceil returns a number that is not negative, times unit, rounded up.
func ceil(x *big.Rat, unit *big.Int) *big.Int {
	n := new(big.Int).Mul(x.Num(), unit)
	n, rest := n.QuoRem(n, x.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		n.Add(n, big.NewInt(1))
	}
	return n
}
