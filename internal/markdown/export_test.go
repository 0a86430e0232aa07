package markdown

// Sanitize applies the package's policy, for tests of what it would still change.
func Sanitize(html string) string { return policy().Sanitize(html) }
