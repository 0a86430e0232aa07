// Package newsletter sends editions to the subscribers of their series.
package newsletter
