package ownership_test

import (
	"math/big"
	"slices"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge/ownership"
)

// The reference is slow and obviously right: it goes through the states of the world that
// stakes with ranges allow, and applies the definitions to each.

// world is a share for each stake.
type world []domain.Share

// worlds returns the extreme states: in each entity every stake is at one of its ends,
// except at most one that takes what is left of 100 percent. Whatever is linear in the
// shares of an entity is least and greatest in one of them. There are none if the Min sum
// to more than 100.
func worlds(stakes []ownership.Stake) []world {
	all := []world{make(world, len(stakes))}
	owned := map[domain.ID][]int{}
	for i, s := range stakes {
		owned[s.Owned] = append(owned[s.Owned], i)
	}
	for _, id := range sortedKeys(owned) {
		var next []world
		for _, w := range all {
			for _, shares := range divisions(stakes, owned[id]) {
				n := slices.Clone(w)
				for k, i := range owned[id] {
					n[i] = shares[k]
				}
				next = append(next, n)
			}
		}
		all = next
	}
	return all
}

func sortedKeys[V any](m map[domain.ID]V) []domain.ID {
	var keys []domain.ID
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// divisions returns the extreme shares of the stakes in one entity.
func divisions(stakes []ownership.Stake, in []int) []world {
	ends := []world{{}}
	for _, i := range in {
		var next []world
		for _, w := range ends {
			next = append(next, append(slices.Clone(w), stakes[i].Share.Min))
			if stakes[i].Share.Max > stakes[i].Share.Min {
				next = append(next, append(slices.Clone(w), stakes[i].Share.Max))
			}
		}
		ends = next
	}
	var out []world
	for _, w := range ends {
		sum := domain.Share(0)
		for _, s := range w {
			sum += s
		}
		if sum <= domain.FullShare {
			out = append(out, w)
		}
		for k, i := range in {
			if rest := domain.FullShare - (sum - w[k]); stakes[i].Share.Min < rest && rest < stakes[i].Share.Max {
				n := slices.Clone(w)
				n[k] = rest
				out = append(out, n)
			}
		}
	}
	return out
}

// naiveHeld iterates the definition of the rule in one world, until nothing changes: the
// share of each entity that listed and reached owners hold.
func naiveHeld(stakes []ownership.Stake, w world, rule ownership.Rule, listed []domain.ID) map[domain.ID]domain.Share {
	held := map[domain.ID]domain.Share{}
	for changed := true; changed; {
		next := map[domain.ID]domain.Share{}
		for i, s := range stakes {
			if slices.Contains(listed, s.Owner) || naiveReached(rule, held[s.Owner]) {
				next[s.Owned] += w[i]
			}
		}
		changed = false
		for id, share := range next {
			changed = changed || held[id] != share
		}
		held = next
	}
	return held
}

func naiveReached(rule ownership.Rule, share domain.Share) bool {
	if rule.Comparison == ownership.MoreThan {
		return share > rule.Threshold
	}
	return share >= rule.Threshold && share > 0
}

// naiveVerdict returns the verdict on a target, and what each group of listed owners
// holds in it: the least and the most of all worlds.
func naiveVerdict(all []world, stakes []ownership.Stake, rule ownership.Rule, listed []domain.ID, target domain.ID) (ownership.Verdict, map[domain.ID]ownership.Range) {
	groups := map[domain.ID][]domain.ID{0: listed}
	if !rule.Together {
		groups = map[domain.ID][]domain.ID{}
		for _, id := range listed {
			groups[id] = []domain.ID{id}
		}
	}
	held := map[domain.ID]ownership.Range{}
	every, some := true, false
	for n, w := range all {
		reached := false
		for key, group := range groups {
			share := naiveHeld(stakes, w, rule, group)[target]
			reached = reached || naiveReached(rule, share)
			r, ok := held[key]
			if !ok || n == 0 {
				r = ownership.Exactly(share)
			}
			held[key] = ownership.Range{Min: min(r.Min, share), Max: max(r.Max, share)}
		}
		every, some = every && reached, some || reached
	}
	switch {
	case rule.ListingCounts && slices.Contains(listed, target):
		return ownership.Listed, held
	case every:
		return ownership.Blocked, held
	case some:
		return ownership.Undetermined, held
	}
	return ownership.NotBlocked, held
}

// fixedPoint is the unit of the power iteration: 18 decimals.
var fixedPoint = new(big.Int).Exp(big.NewInt(10), big.NewInt(18), nil)

// naiveEconomic walks up from the target in one world, in proportion to the shares, and
// returns bounds of how much of the walk comes to the owners: what has come there after
// some steps, and that with all that is still on a way that could.
func naiveEconomic(stakes []ownership.Stake, w world, owners []domain.ID, target domain.ID, steps int) (least, most *big.Int) {
	could := map[domain.ID]bool{}
	for _, o := range owners {
		could[o] = true
	}
	for range stakes {
		for i, s := range stakes {
			if w[i] > 0 && could[s.Owner] {
				could[s.Owned] = true
			}
		}
	}
	least = new(big.Int)
	at := map[domain.ID]*big.Int{target: fixedPoint}
	lost := int64(0)
	for range steps {
		next := map[domain.ID]*big.Int{}
		for i, s := range stakes {
			from := at[s.Owned]
			if from == nil || w[i] == 0 {
				continue
			}
			part := new(big.Int).Mul(from, big.NewInt(int64(w[i])))
			part.Quo(part, big.NewInt(int64(domain.FullShare)))
			lost++
			switch {
			case slices.Contains(owners, s.Owner):
				least.Add(least, part)
			case could[s.Owner]:
				if next[s.Owner] == nil {
					next[s.Owner] = new(big.Int)
				}
				next[s.Owner].Add(next[s.Owner], part)
			}
		}
		at = next
	}
	most = new(big.Int).Add(least, big.NewInt(lost))
	for _, rest := range at {
		most.Add(most, rest)
	}
	return least, most
}

// millionths returns a fixed-point number as a share, rounded down, or up.
func millionths(x *big.Int, up bool) domain.Share {
	unit := new(big.Int).Quo(fixedPoint, big.NewInt(int64(domain.FullShare)))
	n, rest := new(big.Int).QuoRem(x, unit, new(big.Int))
	if up && rest.Sign() > 0 {
		n.Add(n, big.NewInt(1))
	}
	return domain.Share(n.Int64())
}
