package graph

// IsCacheable reports whether responses with a root field may be cached.
func IsCacheable(rootField string) bool { return cacheableFields[rootField] }
