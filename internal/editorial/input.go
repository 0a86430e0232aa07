package editorial

import (
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
	if params.Mode == Upsert {
		return in
	}
	in.parsed = parsedTexts{}
	for _, f := range aggregate.ProseFields(aggregate.SpecOf(params.Type).Fields) {
		if text := in.given.Root.Text(f.ColumnName()); text != "" {
			in.parsed[text] = markdown.Parse(text)
		}
	}
	return in
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
