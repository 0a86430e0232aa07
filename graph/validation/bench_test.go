package validation_test

import (
	"os"
	"testing"

	"github.com/vektah/gqlparser/v2/validator"

	"github.com/redthread-api/redthread/graph/generated"
	"github.com/redthread-api/redthread/graph/validation"
	"github.com/redthread-api/redthread/internal/syntax"
)

func BenchmarkValidate(b *testing.B) {
	s := generated.NewExecutableSchema(generated.Config{}).Schema()
	text, err := os.ReadFile("../../examples/big-tech-ties.graphql")
	if err != nil {
		b.Fatal(err)
	}
	b.Run("validation", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			doc, _, err := syntax.Parse(string(text), 15_000)
			if err != nil {
				b.Fatal(err)
			}
			if errs := validation.Validate(s, doc, true); len(errs) > 0 {
				b.Fatal(errs)
			}
		}
	})
	b.Run("gqlparser", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			doc, _, err := syntax.Parse(string(text), 15_000)
			if err != nil {
				b.Fatal(err)
			}
			if errs := validator.ValidateWithRules(s, doc, nil); len(errs) > 0 {
				b.Fatal(errs)
			}
		}
	})
}
