package demo

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed *.graphql
var files embed.FS

// Exec executes one GraphQL operation and returns the response as JSON, with
// data and errors. Its error is for an operation that could not be sent.
type Exec = func(ctx context.Context, query string, variables map[string]any) ([]byte, error)

// placeholderURL is the URL of the server in the content.
const placeholderURL = "https://demo.example"

// Load creates the demo content, as the viewer in the context, who needs the role
// EDITOR. A document that exists already is an error. The error names the file and
// has the response. The content that was created before the error stays.
//
// The URLs of the pictures are placeholders; [LoadAt] sets real ones.
func Load(ctx context.Context, exec Exec) error { return LoadAt(ctx, placeholderURL, exec) }

// LoadAt creates the demo content like [Load], for a server whose URL is base,
// without a slash at the end, and which serves [Files] at [Path].
func LoadAt(ctx context.Context, base string, exec Exec) error {
	names, err := fs.Glob(files, "*.graphql") // in order
	if err != nil {
		return err
	}
	for _, name := range names {
		query, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		if _, err := run(ctx, exec, strings.ReplaceAll(string(query), placeholderURL, base), nil); err != nil {
			return fmt.Errorf("demo: %s: %w", name, err)
		}
	}
	return nil
}

// run executes one operation and returns its data, or the first error of the
// response.
func run(ctx context.Context, exec Exec, query string, variables map[string]any) (json.RawMessage, error) {
	body, err := exec(ctx, query, variables)
	if err != nil {
		return nil, err
	}
	var response struct {
		Data   json.RawMessage
		Errors []struct {
			Message    string
			Path       []any
			Extensions struct {
				Fields []struct{ Path, Message string }
			}
		}
	}
	if err := json.Unmarshal(body, &response); err != nil {
		return nil, fmt.Errorf("read the response: %w", err)
	}
	if len(response.Errors) == 0 {
		if string(response.Data) == "" || string(response.Data) == "null" {
			return nil, fmt.Errorf("the response has no data")
		}
		return response.Data, nil
	}
	first := response.Errors[0]
	message := first.Message
	if len(first.Path) > 0 {
		message = fmt.Sprintf("%v: %s", first.Path[0], message)
	}
	for _, f := range first.Extensions.Fields {
		message += fmt.Sprintf("; %s: %s", f.Path, f.Message)
	}
	return nil, fmt.Errorf("%s (error 1 of %d)", message, len(response.Errors))
}
