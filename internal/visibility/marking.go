package visibility

import "github.com/redthread-api/redthread/internal/domain"

// EffectiveMarking is the column of a document's effective marking in live.
const EffectiveMarking = "effective_marking"

// MarkingColumn is the column of the marking that counts for a document at a stage.
func MarkingColumn(stage domain.Stage) string {
	if stage == domain.Desk {
		return "marking"
	}
	return EffectiveMarking
}

// Clearances is how many clearances there are: one for each marking that a viewer can
// have.
const Clearances = int(domain.Red) + 1

// Includes reports whether a clearance includes what has an effective marking.
func Includes(clearance, effective domain.Marking) bool { return effective <= clearance }
