package graph

import "context"

// IsCacheable reports whether responses with a root field may be cached.
func IsCacheable(rootField string) bool { return cacheableFields[rootField] }

// CodeOf returns the code of an error as clients are sent it.
func CodeOf(ctx context.Context, err error) any {
	return presenter{}.present(ctx, err).Extensions["code"]
}
