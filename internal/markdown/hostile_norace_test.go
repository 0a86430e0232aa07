//go:build !race

package markdown_test

import "github.com/redthread-api/redthread/internal/markdown"

// Half the greatest length makes the tests shorter; the time is proportional.
const hostileBytes = markdown.MaxBytes / 2
