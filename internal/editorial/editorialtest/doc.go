// Package editorialtest makes desks for tests.
package editorialtest
