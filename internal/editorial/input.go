package editorial

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/markdown"
)

// decodedInput is the input of a save, decoded ahead of the transaction, which all other
// writers wait for.
type decodedInput struct {
	params   SaveParams
	given    *aggregate.Patch // nil once it was taken
	problems domain.Problems
	parsed   parsedTexts
}

// decodeAhead decodes the input of a save, and parses its texts. Those of an upsert are
// parsed in the transaction, where they differ from what is stored: most often none does.
func decodeAhead(params SaveParams) *decodedInput {
	in := &decodedInput{params: params}
	in.given = in.decode(&in.problems)
	if params.Mode != Upsert {
		in.parse()
	}
	return in
}

// decodeUpsert is decodeAhead for a save with the mode Upsert.
func decodeUpsert(params SaveParams) *decodedInput {
	params.Mode = Upsert
	return decodeAhead(params)
}

// parse parses the texts.
func (in *decodedInput) parse() {
	in.parsed = parsedTexts{}
	for _, f := range aggregate.ProseFields(aggregate.SpecOf(in.params.Type).Fields) {
		if text := in.given.Root.Text(f.ColumnName()); text != "" {
			in.parsed[text] = markdown.Parse(text)
		}
	}
}

// decodeNewAhead decodes, ahead of the transaction and on all processors, the inputs of documents that seem to be new, and
// parses their texts. For others it returns nil.
func (d *Desk) decodeNewAhead(ctx context.Context, docs []SaveParams) ([]*decodedInput, error) {
	names := aggregate.NewNameCache()
	names.Rows = d.stores.DeskRows()
	if err := names.Load(ctx, nil, slugsOf(docs)); err != nil {
		return nil, err
	}
	inputs := make([]*decodedInput, len(docs))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(docs)) && ctx.Err() == nil; i = next.Add(1) - 1 {
				if isNew(names, docs[i]) {
					inputs[i] = decodeUpsert(docs[i])
					inputs[i].parse()
				}
			}
		})
	}
	workers.Wait()
	return inputs, ctx.Err()
}

func (in *decodedInput) decode(p *domain.Problems) *aggregate.Patch {
	beside := []string{"message"}
	switch in.params.Mode {
	case Update:
		beside = append(beside, "id", "version")
	case Upsert:
		beside = append(beside, "version")
	}
	return aggregate.DecodeInput(aggregate.SpecOf(in.params.Type), in.params.Fields, beside, p)
}

// take returns what was decoded, and adds its problems to p. The caller may change it: a
// transaction that runs again gets another.
func (in *decodedInput) take(p *domain.Problems) *aggregate.Patch {
	given := in.given
	if given == nil {
		return in.decode(p)
	}
	in.given = nil
	for _, problem := range in.problems.List() {
		p.Add(problem.Path, "%s", problem.Message)
	}
	return given
}

// parsedTexts are texts that were parsed ahead of a transaction.
type parsedTexts map[string]*markdown.Document

// parse returns a text parsed.
func (t parsedTexts) parse(text string) *markdown.Document {
	if doc := t[text]; doc != nil {
		return doc
	}
	return markdown.Parse(text)
}
