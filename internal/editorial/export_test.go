package editorial

// FoldName is a name as names are compared.
func FoldName(name string) string { return foldName(name) }
