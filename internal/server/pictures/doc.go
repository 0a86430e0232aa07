// Package pictures serves pictures of the graph as SVG, and the graph in the formats that analysts read:
//
//	/network.svg     what is around entities
//	/network.graphml, /network.jgf, /network.cyjs     the same as a file
//	/ownership.svg   who owns an entity, and what a list makes of that
//	/timeline.svg    what happened
//	/activity.svg    observations over time
//
// It is a client of the API like any other: each picture is drawn from the response to one GraphQL query, for the viewer
// of the request. So it has no fence of its own, and costs and limits are those of the query.
package pictures
