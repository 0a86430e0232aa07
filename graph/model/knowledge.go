package model

import "github.com/redthread-api/redthread/ent/db"

// Network is a part of the graph of relationships.
type Network struct {
	Nodes         []*NetworkNode
	Relationships []*db.Relationship
	Complete      bool
}

// NetworkNode is an entity of a network.
type NetworkNode struct {
	Entity                   *db.Entity
	Distance, Degree, Hidden int
	Cut                      *string
}

// Paths are how two entities are tied.
type Paths struct {
	Paths   []*Path
	Outcome string
}

// Path is a path of relationships.
type Path struct {
	Length            int
	WeakestConfidence string
	Steps             []*PathStep
}

// PathStep is a relationship on a path.
type PathStep struct {
	Relationship *db.Relationship
	Start, End   *db.Entity
	Forward      bool
	Others       []*db.Relationship
}
