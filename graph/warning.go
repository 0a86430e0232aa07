package graph

import (
	"context"

	"github.com/redthread-api/redthread/graph/model"
)

// Path is null for a warning about the document as a whole.
func (warningResolver) Path(_ context.Context, obj *model.Warning) (*string, error) {
	if obj.Path == "" {
		return nil, nil
	}
	return &obj.Path, nil
}

// Documents reads the documents of all warnings of the payload at once.
func (r warningResolver) Documents(ctx context.Context, obj *model.Warning) ([]model.Document, error) {
	docs := make([]model.Document, 0, len(obj.Documents))
	for _, id := range obj.Documents {
		doc, err := r.onDesk(ctx, obj.Page, id)
		if err != nil {
			return nil, err
		}
		if doc != nil {
			docs = append(docs, doc)
		}
	}
	return docs, nil
}
