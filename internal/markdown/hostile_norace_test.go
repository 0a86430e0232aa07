//go:build !race

package markdown_test

import "github.com/redthread-api/redthread/internal/markdown"

// Half the greatest length keeps the tests short; the time is in proportion.
const hostileBytes = markdown.MaxBytes / 2
