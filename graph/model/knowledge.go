package model

import (
	"time"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/internal/domain"
)

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

// OwnershipRule is the rule by which a list reaches what listed entities own.
type OwnershipRule struct {
	Authority   string
	Programme   *string
	Threshold   domain.Share
	Comparison  string
	Together    bool
	ControlTest bool
	Title, URL  *string
}

// ShareRange is a share that is known to lie between two bounds.
type ShareRange struct{ Min, Max domain.Share }

// Exposure is what a list means for an entity, on one day.
type Exposure struct {
	Rule              *OwnershipRule
	AsOf              domain.Date
	Verdict           string
	Held              *ShareRange
	Through           *db.Entity
	Listings          []*db.Listing
	Holders           []*OwnershipStep
	Chains            []*OwnershipChain
	Open              []*OpenStake
	Controls          []*db.Relationship
	Contradictions    []*OwnershipContradiction
	Economic          *EconomicShare
	Truncated         bool
	Complete          bool
	RelationshipCount int
	NewestChange      *time.Time
	Notice            string
}

// OwnershipStep is a stake as it is on the day.
type OwnershipStep struct {
	Relationship *db.Relationship
	Owner, Owned *db.Entity
	Share        *ShareRange
	Doubts       []string
}

// OwnershipChain is a way from a listed owner to an entity.
type OwnershipChain struct {
	Steps []*OwnershipStep
	Share *ShareRange
	Sure  bool
}

// OpenStake is a stake that leaves a verdict open.
type OpenStake struct {
	Step         *OwnershipStep
	AtMin, AtMax string
}

// OwnershipContradiction is an entity of which more than 100 percent is owned.
type OwnershipContradiction struct {
	Entity *db.Entity
	Sum    domain.Share
}

// EconomicShare is the effective share that listed owners hold together.
type EconomicShare struct {
	Share  *ShareRange
	Exact  bool
	Chains []*OwnershipChain
}

// Holdings are what a walk along ownership comes to.
type Holdings struct {
	AsOf                domain.Date
	Holdings            []*Holding
	Stakes              []*OwnershipStep
	Truncated, Complete bool
}

// Holding is an entity at the other end of a walk along ownership.
type Holding struct {
	Entity *db.Entity
	Depth  int
	Share  *ShareRange
	Exact  bool
}

// ExposureReport is all that a list reaches.
type ExposureReport struct {
	Rule       *OwnershipRule
	AsOf       domain.Date
	Entries    []*ExposureEntry
	TotalCount int
	Complete   bool
	Notice     string
}

// ExposureEntry is an entity that a list reaches, or may.
type ExposureEntry struct {
	Entity  *db.Entity
	Verdict string
	Held    *ShareRange
	Through *db.Entity
}
