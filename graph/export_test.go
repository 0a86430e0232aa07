package graph

// MayBeKept reports whether answers with a root field may be kept.
func MayBeKept(rootField string) bool { return keptFields[rootField] }
