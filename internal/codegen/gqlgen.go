package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"go/format"
	"io"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/99designs/gqlgen/api"
	"github.com/99designs/gqlgen/codegen"
	"github.com/99designs/gqlgen/codegen/config"
	"github.com/vektah/gqlparser/v2/validator"
)

// generateGraphQL writes the executor and the models from schema.graphql, as
// gqlgen.yml says. Resolvers are written by hand.
func generateGraphQL() error {
	prelude, err := os.ReadFile("graph/introspection/prelude.graphql")
	if err != nil {
		return fmt.Errorf("generate graphql: %w", err)
	}
	validator.Prelude.Input = string(prelude)
	cfg, err := config.LoadConfig("gqlgen.yml")
	if err != nil {
		return fmt.Errorf("generate graphql: %w", err)
	}
	// gqlgen logs a line for each field of the inputs that are passed on as maps.
	log.SetOutput(logFilter{os.Stderr})
	defer log.SetOutput(os.Stderr)
	if err := api.Generate(cfg, api.AddPlugin(plugin{})); err != nil {
		return fmt.Errorf("generate graphql: %w", err)
	}
	if err := sequentialLists(cfg.Exec.Filename); err != nil {
		return fmt.Errorf("generate graphql: %w", err)
	}
	if err := boundResponses(cfg.Exec.Filename); err != nil {
		return fmt.Errorf("generate graphql: %w", err)
	}
	if err := coerceArguments(cfg.Exec.Filename); err != nil {
		return fmt.Errorf("generate graphql: %w", err)
	}
	if err := conditionalTypenames(cfg.Exec.Filename); err != nil {
		return fmt.Errorf("generate graphql: %w", err)
	}
	if err := ownIntrospection(cfg.Exec.Filename); err != nil {
		return fmt.Errorf("generate graphql: %w", err)
	}
	if err := compressedSchema(cfg.Exec.Filename); err != nil {
		return fmt.Errorf("generate graphql: %w", err)
	}
	return nil
}

// schemaText is the text of the schema in the generated executor.
var schemaText = regexp.MustCompile(`(?s)\{Name: "../../(schema\.graphql)", Input: .*?, BuiltIn: false\}`)

// compressedSchema changes the generated executor to take the text of the schema from a compressed file beside it, which
// it writes: the text is a fifth of a megabyte longer. It fails if the generated code is not as expected.
func compressedSchema(filename string) error {
	code, err := os.ReadFile(filename)
	if err != nil {
		return err
	}
	if len(schemaText.FindAll(code, -1)) != 1 {
		return fmt.Errorf("%s is not as expected: it has no text of the schema", filename)
	}
	code = schemaText.ReplaceAll(code, []byte("{Name: \"$1\", Input: introspection.Text(compressedSchema), BuiltIn: false}"))
	code = append(code, "\n//go:embed schema.graphql.gz\nvar compressedSchema []byte\n"...)
	code = bytes.Replace(code, []byte("import (\n"), []byte("import (\n\t_ \"embed\"\n"), 1)
	if code, err = format.Source(code); err != nil {
		return err
	}
	if err := compress("schema.graphql", filepath.Join(filepath.Dir(filename), "schema.graphql.gz")); err != nil {
		return err
	}
	return os.WriteFile(filename, code, 0o644)
}

// compress writes a compressed copy of a file, unless there is one of the same text: what a compressor writes
// differs between its versions.
func compress(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if old, err := os.ReadFile(to); err == nil {
		if r, err := gzip.NewReader(bytes.NewReader(old)); err == nil {
			if same, err := io.ReadAll(r); err == nil && bytes.Equal(same, text) {
				return nil
			}
		}
	}
	var compressed bytes.Buffer
	w, err := gzip.NewWriterLevel(&compressed, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return err
	}
	return os.WriteFile(to, compressed.Bytes(), 0o644)
}

// logFilter is a writer that drops the log lines of gqlgen on the fields of
// scalar.Input.
type logFilter struct{ to io.Writer }

func (r logFilter) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("/graph/scalar/scalar.go:")) {
		return len(line), nil
	}
	return r.to.Write(line)
}

// plugin is a gqlgen plugin that changes what is generated: the executor resolves the
// fields of every object one after the other, as gqlgen does by default only for
// mutations; and there is no code for the fields of inputs that unmarshal themselves.
type plugin struct{}

func (plugin) Name() string { return "adjust" }

func (plugin) GenerateCode(data *codegen.Data) error {
	for _, o := range data.Objects {
		o.DisableConcurrency = true
	}
	data.Inputs = slices.DeleteFunc(data.Inputs, func(o *codegen.Object) bool { return o.HasUnmarshal() })
	return nil
}

// sequentialLists changes the generated executor to marshal the elements of a list one
// after the other. It fails if the generated code is not as expected, so that an
// update of gqlgen cannot bring the goroutines back unnoticed.
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
	code = bytes.Replace(code, []byte(`"github.com/99designs/gqlgen/graphql"`+"\n"),
		[]byte(`"github.com/99designs/gqlgen/graphql"`+"\n\t"+
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

// The code with which the executor writes a response into a buffer and takes it from
// there: marshalOnce for a query or mutation, marshalRepeatedly for a subscription.
var (
	marshalOnce       = regexp.MustCompile(`var buf bytes\.Buffer\n\s*data\.MarshalGQL\(&buf\)\n`)
	marshalRepeatedly = regexp.MustCompile(`(?s)var buf bytes\.Buffer\n(\s*return func\(ctx context\.Context\) \*graphql\.Response \{\n)\s*buf\.Reset\(\)\n(.{0,100}?)\s*data\.MarshalGQL\(&buf\)\n`)
	bufferBytes       = []byte("buf.Bytes()")
)

// boundResponses changes the generated executor to write responses of a bounded size,
// with package bounded. It fails if the generated code is not as expected.
func boundResponses(filename string) error {
	code, err := os.ReadFile(filename)
	if err != nil {
		return err
	}
	once, on := len(marshalOnce.FindAll(code, -1)), len(marshalRepeatedly.FindAll(code, -1))
	if once == 0 || on != 1 || once+on != bytes.Count(code, bufferBytes) {
		return fmt.Errorf("%s is not as expected: responses are written in another way", filename)
	}
	code = marshalOnce.ReplaceAll(code, nil)
	code = marshalRepeatedly.ReplaceAll(code, []byte("$1$2"))
	code = bytes.ReplaceAll(code, bufferBytes, []byte("bounded.JSON(ctx, data)"))
	code = bytes.Replace(code, []byte("\t\"bytes\"\n"), nil, 1)
	code = bytes.Replace(code, []byte(`"github.com/redthread-api/redthread/graph/sequential"`+"\n"),
		[]byte(`"github.com/redthread-api/redthread/graph/bounded"`+"\n\t"+`"github.com/redthread-api/redthread/graph/sequential"`+"\n"), 1)
	if code, err = format.Source(code); err != nil {
		return err
	}
	return os.WriteFile(filename, code, 0o644)
}

// decodedArguments is the code with which the executor decodes the arguments of a field.
var decodedArguments = regexp.MustCompile(`(ec\.field_\w+_args)\(ctx, field\.ArgumentMap\(ec\.Variables\)\)`)

// coerceArguments changes the generated executor to coerce arguments with package
// coerce. It fails if the generated code is not as expected.
func coerceArguments(filename string) error {
	code, err := os.ReadFile(filename)
	if err != nil {
		return err
	}
	code = decodedArguments.ReplaceAll(code, []byte("coerce.Arguments(ctx, ec.OperationContext, parsedSchema, field.Field, $1)"))
	code = bytes.Replace(code, []byte(`"github.com/redthread-api/redthread/graph/bounded"`+"\n"),
		[]byte(`"github.com/redthread-api/redthread/graph/bounded"`+"\n\t"+`"github.com/redthread-api/redthread/graph/coerce"`+"\n"), 1)
	if bytes.Contains(code, []byte("field.ArgumentMap(")) || !bytes.Contains(code, []byte("graph/coerce")) {
		return fmt.Errorf("%s is not as expected: arguments are decoded in another way", filename)
	}
	if code, err = format.Source(code); err != nil {
		return err
	}
	return os.WriteFile(filename, code, 0o644)
}

// typename is the code with which the executor answers a field __typename.
var typename = regexp.MustCompile(`(case "__typename":\n\s*out\.Values\[i\] = )graphql\.MarshalString\(("\w+")\)\n`)

// conditionalTypenames changes the generated executor to answer __typename with package
// condition. It fails if the generated code is not as expected.
func conditionalTypenames(filename string) error {
	code, err := os.ReadFile(filename)
	if err != nil {
		return err
	}
	found := len(typename.FindAll(code, -1))
	if found == 0 || found != bytes.Count(code, []byte(`case "__typename":`)) {
		return fmt.Errorf("%s is not as expected: __typename is answered in another way", filename)
	}
	code = typename.ReplaceAll(code, []byte("${1}condition.Typename(ctx, ec.OperationContext, field, $2)\n"+
		"if out.Values[i] == graphql.Null {\nout.Invalids++\n}\n"))
	code = bytes.Replace(code, []byte(`"github.com/redthread-api/redthread/graph/coerce"`+"\n"),
		[]byte(`"github.com/redthread-api/redthread/graph/coerce"`+"\n\t"+`"github.com/redthread-api/redthread/graph/condition"`+"\n"), 1)
	if code, err = format.Source(code); err != nil {
		return err
	}
	return os.WriteFile(filename, code, 0o644)
}

// ownIntrospection changes the generated executor to describe its schema, and to load it,
// with package introspection. It fails if the generated code is not as expected.
func ownIntrospection(filename string) error {
	code, err := os.ReadFile(filename)
	if err != nil {
		return err
	}
	code = bytes.ReplaceAll(code, []byte("introspection1"), []byte("introspection")) // free without gqlgen's
	for _, replaced := range []struct{ before, after string }{
		{"\tintrospection \"github.com", "\t\"github.com"},
		{`return ec.IntrospectSchema()`, `return introspection.Of(parsedSchema), nil`},
		{`return ec.IntrospectType(fc.Args["name"].(string))`, `return introspection.TypeOf(parsedSchema, fc.Args["name"].(string)), nil`},
		{`gqlparser.MustLoadSchema(sources...)`, `introspection.MustLoadSchema(sources...)`},
		{"\tgqlparser \"github.com/vektah/gqlparser/v2\"\n", ""},
	} {
		if bytes.Count(code, []byte(replaced.before)) != 1 {
			return fmt.Errorf("%s is not as expected: %q is not in it once", filename, replaced.before)
		}
		code = bytes.Replace(code, []byte(replaced.before), []byte(replaced.after), 1)
	}
	if code, err = format.Source(code); err != nil {
		return err
	}
	return os.WriteFile(filename, code, 0o644)
}
