// Package editions serves live editions as web pages, at /editions/SLUG, and lists them
// at /editions. It reads no store: see package content for how it reads and what it
// promises. Package render has the templates.
package editions
