package graph

import (
	"context"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// IsCacheable reports whether responses with a root field may be cached.
func IsCacheable(rootField string) bool { return cacheableFields[rootField] }

// CodeOf returns the code of an error as clients are sent it.
func CodeOf(ctx context.Context, err error) any {
	return presenter{}.present(ctx, err).Extensions["code"]
}

// UnplannedFields returns the fields that plans do not know, as "Report.jsonLd".
func UnplannedFields(schema *ast.Schema) map[string]bool {
	unknown := map[string]bool{}
	for name, t := range new(Resolver).planTypes(schema) {
		for _, f := range schema.Types[name].Fields {
			if t.Fields[f.Name] == nil {
				unknown[name+"."+f.Name] = true
			}
		}
	}
	for name := range schema.Types {
		if strings.HasSuffix(name, "Connection") {
			unknown[name+".facets"] = true
		}
	}
	return unknown
}
