//go:build race

package markdown_test

// The race detector makes the hostile texts ten times slower and finds nothing
// in the long ones that it does not find in shorter ones.
const hostileBytes = 16 << 10
