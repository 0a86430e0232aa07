// Package graphfile writes the nodes and edges of a network in the formats of programs
// that analyse and draw networks: GraphML, the JSON Graph Format and Cytoscape's JSON.
//
// All three have the same attributes under the same names, and no limit on size. An edge
// without a direction is a directed one with the attribute mutual, because readers such
// as networkx refuse a graph that has edges of both kinds. Values that are not known have no
// attribute. The package does not decide what may be seen.
package graphfile
