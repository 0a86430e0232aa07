// Package aggregate is the mechanism over documents and the rows that they own.
package aggregate
