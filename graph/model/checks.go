package model

import (
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge"
	"github.com/redthread-api/redthread/internal/search"
)

// PossibleDuplicate is a pair of documents that may be one, with the documents of the same page, which are read together.
type PossibleDuplicate struct {
	Score            float64
	Reasons, Against []search.DuplicateReason
	NewerID, OlderID domain.ID
	Page             *PageBatch
}

// EvidenceFinding is something that an editor should look at, with the documents of the same page, which are read together.
type EvidenceFinding struct {
	Kind, Severity, Path, Message, Advice string

	Found *knowledge.Finding
	Page  *PageBatch
}
