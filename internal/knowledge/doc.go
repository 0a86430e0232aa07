// Package knowledge reads relationships as a graph of entities: what is around an entity, how two of them are tied,
// and which lists reach one through its owners.
//
// # What a viewer sees
//
// All reads take the viewer and the stage from their context, and are in its snapshot. A relationship of live has the
// highest marking of its own and of both its ends, so the fence of relationships is enough: a hidden entity or
// relationship breaks a path and is in no count, as if it did not exist. On the desk the ends are looked up as
// well, since one may be in the trash.
//
// # Time
//
// A day, where one can be given, is valid time: when something held in the world, not when it was published. A
// relationship of which it is not certain that it did not hold then, for want of a date or of its precision, is
// in. The rule for shares, which must not guess, is stricter: see package ownership.
//
// # Memory
//
// Walks, which are networks, paths and degrees without a day, are answered from adjacency lists in memory where
// [Graph.Hold] runs. What is held is that of one version of live; a read looks at the version of its own snapshot, and
// asks the database where that is another one, with the same algorithm and the same result.
//
// # Bounded work
//
// Each read has a bound of relationships that it looks at, and what was left out is in its result.
package knowledge
