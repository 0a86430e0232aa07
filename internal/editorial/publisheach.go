package editorial

import (
	"context"
	"errors"
	"fmt"

	"github.com/redthread-api/redthread/internal/domain"
)

// PublishEach publishes, as one release, those of the documents that can be published. It
// calls refused for each of the others, with what stands in the way. It needs the rights
// of [Desk.Publish]. An error says that nothing was published.
func (d *Desk) PublishEach(ctx context.Context, params PublishParams, refused func(document string, problems []domain.FieldError)) (ReleaseResult, error) {
	release := ReleaseParams{Publish: params.Documents, References: params.References,
		Message: params.Message, PublishedAt: params.PublishedAt, allProblems: true}
	for len(release.Publish) > 0 {
		result, err := d.Release(ctx, release)
		refusal, ok := errors.AsType[*domain.Error](err)
		if !ok || refusal.Kind != domain.KindInvalid {
			return result, err
		}
		problems := make([][]domain.FieldError, len(release.Publish))
		found := false
		for _, f := range refusal.Fields {
			var i int
			if _, bad := fmt.Sscanf(f.Path, "documents[%d]", &i); bad == nil && i >= 0 && i < len(problems) {
				problems[i] = append(problems[i], f)
				found = true
			}
		}
		if !found {
			return result, err // it is about the release as a whole
		}
		var rest []string
		for i, document := range release.Publish {
			if problems[i] == nil {
				rest = append(rest, document)
				continue
			}
			refused(document, problems[i])
		}
		release.Publish = rest
	}
	return ReleaseResult{}, nil
}
