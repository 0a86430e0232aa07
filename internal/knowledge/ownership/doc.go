// Package ownership decides whether a sanctions list reaches an entity through
// its owners, and computes effective shares.
//
// It is arithmetic on stakes that a caller has loaded: no database, no viewer, no
// clock, no names. The caller passes only what its viewer may see, so a decision
// says no more than that.
//
// A [Graph] holds the stakes as they are on one day ([New]). On it:
//
//   - [Graph.Decide] returns the verdict on one entity under one [Rule], with the share
//     that blocked owners hold, the chains that lead to it, and, if the verdict
//     is open, the stakes that leave it open.
//   - [Graph.Reach] returns the verdicts on all entities that a list reaches, in one pass.
//   - [Graph.Economic] returns products of shares, as information: no rule counts them.
//   - [Graph.Owners] and [Graph.Holdings] walk up and down from one entity.
//
// # Bounds
//
// A share may be known as a range, or not at all, and a date to the year only. So
// there are many states of the world that the data allow: every stake anywhere in
// its range, all owners of an entity together at most 100 percent. Every number has
// a lower and an upper bound over these states, and both are reached: there is a
// state in which the share is Min, and one in which it is Max. A verdict is certain if it is the same in
// all of them, and UNDETERMINED otherwise.
//
// The lower bound takes every stake at its Min. The upper bound of what a group of
// owners holds in an entity is the least of 100, the sum of their Max, and what the Min of the
// other owners leaves, and at least the sum of their own Min.
//
// Sums of Min over 100 contradict each other. They stop nothing: a
// [Contradiction] reports them beside the decision.
//
// # Exactness
//
// There is no floating point. Shares add up as whole millionths of a percent, and
// products are rational numbers until they are shown: then Min is rounded down
// and Max up, to millionths of a percent.
package ownership
