// Package searchpage serves the search page: a form, what it finds with the words marked, and links
// that narrow it. It works without scripts; its one script, which is in it, offers suggestions while a person
// types, from a path of their own.
//
// It is a client of the API like any other: the page and the suggestions are made of the response to one GraphQL
// query, for the viewer of the request.
package searchpage
