package access

// What tests of the form of keys need.
var (
	NewSecret  = newSecret
	WellFormed = wellFormed
)
