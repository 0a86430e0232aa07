// Package projection applies the publication log to live.
package projection
