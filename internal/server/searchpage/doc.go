// Package searchpage serves the search page: a form, what it finds with the words marked, and links
// that narrow it. It works without scripts, and loads nothing.
//
// It is a client of the API like any other: the page is made of the response to one GraphQL query, for
// the viewer of the request.
package searchpage
