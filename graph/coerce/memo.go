package coerce

import (
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// memoExtension is the name under which an operation's statistics have its memo.
const memoExtension = "arguments"

// memo has the decoded arguments of the fields of one operation. A field below a list is
// resolved for each row, and its arguments are the same for all of them.
type memo struct {
	mu      sync.Mutex
	decoded map[*ast.Field]map[string]any
}

// Remember sets that [Arguments] coerces and decodes the arguments of each field of the
// operation once. It is not for mutations: what they do with their inputs is their own.
func Remember(op *graphql.OperationContext) {
	op.Stats.SetExtension(memoExtension, &memo{decoded: map[*ast.Field]map[string]any{}})
}

func (m *memo) get(f *ast.Field) (map[string]any, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	decoded, ok := m.decoded[f]
	return decoded, ok
}

func (m *memo) set(f *ast.Field, decoded map[string]any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.decoded[f] = decoded
}
