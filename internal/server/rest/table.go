package rest

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/internal/domain"
)

// table is how a list in a response is written as CSV.
type table struct {
	list    string // the member of the response that has a row for each element
	columns []column
}

// column is a column, and the path of its value in an element, or in the response if whole.
type column struct {
	name  string
	path  []string
	whole bool
}

// parse reads columns such as "slug=entity.slug verdict as_of=^asOf".
func (t *table) parse(columns string) {
	for _, c := range strings.Fields(columns) {
		name, path, ok := strings.Cut(c, "=")
		if !ok {
			path = name
		}
		path, whole := strings.CutPrefix(path, "^")
		t.columns = append(t.columns, column{name, strings.Split(path, "."), whole})
	}
}

func (t *table) names() []string {
	var names []string
	for _, c := range t.columns {
		names = append(names, c.name)
	}
	return names
}

const formatCSV = "CSV"

// formatParameter is the parameter of routes with a table.
func formatParameter() *parameter {
	return &parameter{name: "format", about: "The format of the response; without it, what the header `Accept` prefers of the two.",
		of: ast.NamedType("ResponseFormat", nil), def: &ast.Definition{Kind: ast.Enum, Name: "ResponseFormat", Description: "The format of a response.",
			EnumValues: ast.EnumValueList{{Name: "JSON", Description: "JSON."}, {Name: formatCSV, Description: "A table for spreadsheets (RFC 4180)."}}}}
}

// formatOf returns the format of the response to a request.
func formatOf(values map[string]any, r *http.Request) string {
	if format, ok := values["format"].(string); ok {
		return format
	}
	quality := map[string]float64{}
	for _, accepted := range strings.Split(strings.Join(r.Header.Values("Accept"), ","), ",") {
		media, parameters, err := mime.ParseMediaType(accepted)
		if err != nil {
			continue
		}
		q, err := strconv.ParseFloat(parameters["q"], 64)
		if err != nil {
			q = 1
		}
		quality[media] = max(quality[media], q)
	}
	if quality["text/csv"] > quality["application/json"] {
		return formatCSV
	}
	return "JSON"
}

// respondInFormat returns respond for a format.
func (r *route) respondInFormat(format string) func(w http.ResponseWriter, req *http.Request, slug string, query url.Values, data []byte) error {
	return func(w http.ResponseWriter, req *http.Request, slug string, query url.Values, data []byte) error {
		var top map[string]json.RawMessage
		in := json.NewDecoder(bytes.NewReader(data))
		if err := in.Decode(&top); err != nil {
			return err
		}
		var whole map[string]any
		in = json.NewDecoder(bytes.NewReader(top[r.root.Alias]))
		in.UseNumber() // shares are exact
		if err := in.Decode(&whole); err != nil {
			return err
		}
		rows, _ := whole[r.table.list].([]any)
		if link := nextOffset(query, whole, len(rows)); link != "" {
			w.Header()["Link"] = []string{link}
		}
		if format != formatCSV {
			return r.respond(w, req, slug, query, data)
		}
		var body bytes.Buffer
		out := csv.NewWriter(&body)
		out.UseCRLF = true
		if err := out.Write(r.table.names()); err != nil {
			return err
		}
		for _, row := range rows {
			var cells []string
			for _, c := range r.table.columns {
				of := row
				if c.whole {
					of = whole
				}
				cells = append(cells, cell(of, c.path))
			}
			if err := out.Write(cells); err != nil {
				return err
			}
		}
		if out.Flush(); out.Error() != nil {
			return out.Error()
		}
		w.Header().Set("Content-Type", "text/csv; charset=utf-8; header=present")
		w.Header().Set("Content-Disposition", `attachment; filename="`+strings.TrimPrefix(r.path, "/v1/")+`.csv"`)
		send(w, req, http.StatusOK, body.Bytes())
		return nil
	}
}

// nextOffset is the Link header of what follows a list that is read by an offset; empty if nothing does.
func nextOffset(query url.Values, whole map[string]any, rows int) string {
	count, _ := whole["totalCount"].(json.Number)
	total, err := count.Int64()
	if err != nil {
		return ""
	}
	at, _ := strconv.Atoi(query.Get("offset")) // 0 without
	if at += rows; rows == 0 || int64(at) >= total {
		return ""
	}
	q := maps.Clone(query)
	q.Set("offset", strconv.Itoa(at))
	return "<?" + q.Encode() + `>; rel="next"`
}

// cell returns the value at a path as the text of a cell; empty for null.
func cell(of any, path []string) string {
	for _, name := range path {
		object, _ := of.(map[string]any)
		of = object[name]
	}
	switch v := of.(type) {
	case nil:
		return ""
	case string:
		return domain.Cell(v)
	}
	return fmt.Sprint(of)
}
