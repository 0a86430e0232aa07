// Package rest serves the API as JSON over HTTP at /v1, for clients without GraphQL.
//
// It has no resolvers and no SQL. Each route is a GraphQL document in this folder, which
// the same executor runs as those of clients; so content, cost and visibility of a route
// are those of the executor. The description of the routes (OpenAPI) and the HTML page are
// generated from the documents and the schema, and so always agree with them.
//
// # A document
//
// A file has one query, and begins with a comment:
//
//	# GET /v1/reports/{slug}
//	# Reports: Get a report
//	#
//	# One report with its text. This is Markdown, and may have paragraphs.
//	#
//	# $body: The format of the text.
//	# Example: /v1/reports/reading-a-chain-of-owners?body=HTML
//
// The first line is the route. The second is the section that it is described
// in and what it does in a few words. "$" and a name begin the description of a
// parameter; without it, the parameter is described as the argument that it is
// passed to is in the schema. Examples are requests to the demo; a test stores
// their responses in the folder examples, and the description shows them.
// Fragments are in fragments.graphql.
//
// The query's name is the operation's id. Its variables are the route's
// parameters, with their types and defaults:
//
//   - $slug is the part of the path. A text in the form of an id is passed to
//     $id instead, which is no parameter of its own.
//   - All others are parameters of the query string. A list is given by
//     repeating the parameter, or with commas.
//
// A variable may be within an object: "filter: {tags: {slug: {in: $tag}}}". An
// object in which no variable has a value is left out with all that is in it;
// to GraphQL it would be there, and "tags: {slug: {}}" means "has a tag".
//
// A text within an object that must not be null has the default "", which then stands for none. A parameter without a default whose type is not
// nullable is required.
//
// The query has one field at the top, and the response is the value of that;
// where the path goes on after {slug}, it is the value of the field in it that
// is called like the last part. Everything that is a connection in GraphQL is
// written as
//
//	{"data": […], "page": {"next": "…", "previous": null}, "totalCount": 3}
//
// with what of it the document selects, and a cursor where there is a page; of
// the feed of changes also its "head", and then whatever else of the connection is selected. The data are the
// nodes, or the edges of a document that selects those instead.
//
// A list that is no connection is written as {"data": […]}.
//
// A line "CSV: list: column=path …" says how the list in a response is also written as CSV: each column with the path of its value in an element, or
// after ^ in the response. The route then has the parameter format.
//
// # Responses
//
// For the same request, viewer and content the bytes are the same. Every error response
// is a problem (RFC 9457): also where only a part of the query failed, so that the missing
// part is never taken for absent content.
package rest
