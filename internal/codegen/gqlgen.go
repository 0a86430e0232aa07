package main

import (
	"bytes"
	"fmt"
	"go/format"
	"io"
	"log"
	"os"
	"regexp"
	"slices"

	"github.com/99designs/gqlgen/api"
	"github.com/99designs/gqlgen/codegen"
	"github.com/99designs/gqlgen/codegen/config"
)

// generateGraphQL writes the executor and the models from schema.graphql, as
// gqlgen.yml says. Resolvers are written by hand.
func generateGraphQL() error {
	cfg, err := config.LoadConfig("gqlgen.yml")
	if err != nil {
		return fmt.Errorf("generate graphql: %w", err)
	}
	// gqlgen remarks on each field of the inputs that are passed on as maps.
	log.SetOutput(remarks{os.Stderr})
	defer log.SetOutput(os.Stderr)
	if err := api.Generate(cfg, api.AddPlugin(adjust{})); err != nil {
		return fmt.Errorf("generate graphql: %w", err)
	}
	if err := sequentialLists(cfg.Exec.Filename); err != nil {
		return fmt.Errorf("generate graphql: %w", err)
	}
	if err := boundedAnswers(cfg.Exec.Filename); err != nil {
		return fmt.Errorf("generate graphql: %w", err)
	}
	return nil
}

// remarks drops what gqlgen says of the fields of scalar.Input.
type remarks struct{ to io.Writer }

func (r remarks) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("/graph/scalar/scalar.go:")) {
		return len(line), nil
	}
	return r.to.Write(line)
}

// adjust is a plugin of gqlgen's that changes what is about to be generated.
//
// The executor resolves the fields of every object one after the other, as it
// does for mutations by itself. Inputs that read themselves have no fields
// that would have to be resolved.
type adjust struct{}

func (adjust) Name() string { return "adjust" }

func (adjust) GenerateCode(data *codegen.Data) error {
	for _, o := range data.Objects {
		o.DisableConcurrency = true
	}
	data.Inputs = slices.DeleteFunc(data.Inputs, func(o *codegen.Object) bool { return o.HasUnmarshal() })
	return nil
}

// sequentialLists makes the executor marshal the elements of a list one after
// the other. It fails where the generated code is not what it was written for,
// so that an update of gqlgen cannot bring the goroutines back unnoticed.
func sequentialLists(filename string) error {
	code, err := os.ReadFile(filename)
	if err != nil {
		return err
	}
	const before, after = "graphql.MarshalSliceConcurrently(", "sequential.MarshalSlice("
	const imports = "import (\n"
	if !bytes.Contains(code, []byte(before)) || bytes.Count(code, []byte(imports)) != 1 {
		return fmt.Errorf("%s is not as expected: no call of %s) or no import block", filename, before)
	}
	code = bytes.ReplaceAll(code, []byte(before), []byte(after))
	code = bytes.Replace(code, []byte(`"github.com/99designs/gqlgen/graphql/introspection"`+"\n"),
		[]byte(`"github.com/99designs/gqlgen/graphql/introspection"`+"\n\t"+
			`"github.com/redthread-api/redthread/graph/sequential"`+"\n"), 1)
	if !bytes.Contains(code, []byte("redthread/graph/sequential")) {
		return fmt.Errorf("%s is not as expected: no place for an import", filename)
	}
	for _, trace := range []string{"Concurrently", "\tgo func", "sync.WaitGroup"} {
		if bytes.Contains(code, []byte(trace)) {
			return fmt.Errorf("%s still runs something in goroutines: %q", filename, trace)
		}
	}
	if code, err = format.Source(code); err != nil {
		return err
	}
	return os.WriteFile(filename, code, 0o644)
}

// writing is how the executor writes an answer into a buffer, and takes it from
// there; writingOn how it does that again and again, for a subscription.
var (
	writing   = regexp.MustCompile(`var buf bytes\.Buffer\n\s*data\.MarshalGQL\(&buf\)\n`)
	writingOn = regexp.MustCompile(`(?s)var buf bytes\.Buffer\n(\s*return func\(ctx context\.Context\) \*graphql\.Response \{\n)\s*buf\.Reset\(\)\n(.{0,100}?)\s*data\.MarshalGQL\(&buf\)\n`)
	taking    = []byte("buf.Bytes()")
)

// boundedAnswers makes the executor write answers of a bounded size. It fails
// where the generated code is not what it was written for.
func boundedAnswers(filename string) error {
	code, err := os.ReadFile(filename)
	if err != nil {
		return err
	}
	once, on := len(writing.FindAll(code, -1)), len(writingOn.FindAll(code, -1))
	if once == 0 || on != 1 || once+on != bytes.Count(code, taking) {
		return fmt.Errorf("%s is not as expected: answers are written in another way", filename)
	}
	code = writing.ReplaceAll(code, nil)
	code = writingOn.ReplaceAll(code, []byte("$1$2"))
	code = bytes.ReplaceAll(code, taking, []byte("bounded.JSON(ctx, data)"))
	code = bytes.Replace(code, []byte("\t\"bytes\"\n"), nil, 1)
	code = bytes.Replace(code, []byte(`"github.com/redthread-api/redthread/graph/sequential"`+"\n"),
		[]byte(`"github.com/redthread-api/redthread/graph/bounded"`+"\n\t"+`"github.com/redthread-api/redthread/graph/sequential"`+"\n"), 1)
	if code, err = format.Source(code); err != nil {
		return err
	}
	return os.WriteFile(filename, code, 0o644)
}
