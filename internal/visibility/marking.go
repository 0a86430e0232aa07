package visibility

import "github.com/redthread-api/redthread/internal/domain"

// EffectiveMarking is the column of a document's effective marking in live.
const EffectiveMarking = "effective_marking"

// MarkingColumn returns the column of the marking that applies to a document at a
// stage: its own on the desk, the effective one in live.
func MarkingColumn(stage domain.Stage) string {
	if stage == domain.Desk {
		return "marking"
	}
	return EffectiveMarking
}

// Clearances is the number of clearances: one for each marking that a viewer can have.
const Clearances = int(domain.Red) + 1

// Includes reports whether viewers of a clearance see a document with an effective
// marking.
func Includes(clearance, effective domain.Marking) bool { return effective <= clearance }
