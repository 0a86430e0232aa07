package transport_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"
)

// audit is one audit of the public audit suite for servers of GraphQL over HTTP, of
// the npm package graphql-http 1.23, with its id and title. The audits
// with MAY must pass as well.
type audit struct {
	id, title       string
	method, query   string
	content, accept string // empty: no such header
	body            string
	least, most     int    // status
	media           string // in Content-Type; empty: not checked
	noErrors        bool
	noData          bool
}

func TestAudits(t *testing.T) {
	t.Parallel()
	server := serve(t, newFixture(), config())
	for _, a := range audits {
		t.Run(a.id, func(t *testing.T) {
			t.Parallel()
			url := server.URL
			if a.query != "" {
				url += "?" + a.query
			}
			var header []string
			for name, value := range map[string]string{"Content-Type": a.content, "Accept": a.accept} {
				if value != "" {
					header = append(header, name, value)
				}
			}
			got := send(t, a.method, url, a.body, header...)
			if got.status < a.least || got.status > a.most {
				t.Errorf("%s: got %d %s, want %d to %d", a.title, got.status, got.body, a.least, a.most)
			}
			if !strings.Contains(got.header.Get("Content-Type"), a.media) {
				t.Errorf("%s: got %s", a.title, got.header.Get("Content-Type"))
			}
			var body map[string]any
			if err := json.Unmarshal([]byte(got.body), &body); err != nil || !utf8.ValidString(got.body) {
				t.Fatalf("%v in %q", err, got.body)
			}
			if _, ok := body["errors"]; ok && a.noErrors {
				t.Errorf("%s: got %s", a.title, got.body)
			}
			if _, ok := body["data"]; ok && a.noData {
				t.Errorf("%s: got %s", a.title, got.body)
			}
		})
	}
}

var audits = []audit{
	{id: "22EB", title: "SHOULD accept application/graphql-response+json and match the content-type",
		method: http.MethodPost, content: older, accept: newer, body: `{"query":"{ __typename }"}`, least: 200, most: 200, media: newer},
	{id: "4655", title: "MUST accept application/json and match the content-type",
		method: http.MethodPost, content: older, accept: older, body: `{"query":"{ __typename }"}`, least: 200, most: 200, media: older},
	{id: "47DE", title: "SHOULD accept */* and use application/json for the content-type",
		method: http.MethodPost, content: older, accept: "*/*", body: `{"query":"{ __typename }"}`, least: 200, most: 200, media: older},
	{id: "80D8", title: "SHOULD assume application/json content-type when accept is missing",
		method: http.MethodPost, content: older, body: `{"query":"{ __typename }"}`, least: 200, most: 200, media: older},
	{id: "82A3", title: "MUST use utf-8 encoding when responding",
		method: http.MethodPost, content: older, body: `{"query":"{ __typename }"}`, least: 200, most: 200},
	{id: "BF61", title: "MUST accept utf-8 encoded request",
		method: http.MethodPost, content: "application/json; charset=utf-8", body: `{"query":"{ __type(name: \"Run🏃Swim🏊\") { name } }"}`, least: 200, most: 200},
	{id: "78D5", title: "MUST assume utf-8 in request if encoding is unspecified",
		method: http.MethodPost, content: older, body: `{"query":"{ __typename }"}`, least: 200, most: 200},
	{id: "2C94", title: "MUST accept POST requests",
		method: http.MethodPost, content: older, body: `{"query":"{ __typename }"}`, least: 200, most: 200},
	{id: "5A70", title: "MAY accept application/x-www-form-urlencoded formatted GET requests",
		method: http.MethodGet, query: "query=%7B+__typename+%7D", least: 200, most: 200},
	{id: "9C48", title: "MAY NOT allow executing mutations on GET requests",
		method: http.MethodGet, query: "query=mutation+%7B+__typename+%7D", accept: newer, least: 400, most: 499},
	{id: "9ABE", title: "SHOULD respond with 4xx status code if content-type is not supplied on POST requests",
		method: http.MethodPost, body: `{"query":"{ __typename }"}`, least: 400, most: 499},
	{id: "03D4", title: "MUST accept application/json POST requests",
		method: http.MethodPost, content: older, body: `{"query":"{ __typename }"}`, least: 200, most: 200},
	{id: "A5BF", title: "MAY use 400 status code when request body is missing on POST",
		method: http.MethodPost, content: older, least: 400, most: 400},
	{id: "423L", title: "MAY use 400 status code on missing {query} parameter",
		method: http.MethodPost, content: older, accept: newer, body: `{"notquery":"{ __typename }"}`, least: 400, most: 400},
	{id: "LKJ0", title: "MAY use 400 status code on object {query} parameter",
		method: http.MethodPost, content: older, body: `{"query":{"obj":"ect"}}`, least: 400, most: 400},
	{id: "LKJ1", title: "MAY use 400 status code on number {query} parameter",
		method: http.MethodPost, content: older, body: `{"query":0}`, least: 400, most: 400},
	{id: "LKJ2", title: "MAY use 400 status code on boolean {query} parameter",
		method: http.MethodPost, content: older, body: `{"query":false}`, least: 400, most: 400},
	{id: "LKJ3", title: "MAY use 400 status code on array {query} parameter",
		method: http.MethodPost, content: older, body: `{"query":["array"]}`, least: 400, most: 400},
	{id: "34A2", title: "SHOULD allow string {query} parameter when accepting application/graphql-response+json",
		method: http.MethodPost, content: older, accept: newer, body: `{"query":"{ __typename }"}`, least: 200, most: 200},
	{id: "13EE", title: "MUST allow string {query} parameter when accepting application/json",
		method: http.MethodPost, content: older, accept: older, body: `{"query":"{ __typename }"}`, least: 200, most: 200, noErrors: true},
	{id: "6C00", title: "MAY use 400 status code on object {operationName} parameter",
		method: http.MethodPost, content: older, body: `{"operationName":{"obj":"ect"},"query":"{ __typename }"}`, least: 400, most: 400},
	{id: "6C01", title: "MAY use 400 status code on number {operationName} parameter",
		method: http.MethodPost, content: older, body: `{"operationName":0,"query":"{ __typename }"}`, least: 400, most: 400},
	{id: "6C02", title: "MAY use 400 status code on boolean {operationName} parameter",
		method: http.MethodPost, content: older, body: `{"operationName":false,"query":"{ __typename }"}`, least: 400, most: 400},
	{id: "6C03", title: "MAY use 400 status code on array {operationName} parameter",
		method: http.MethodPost, content: older, body: `{"operationName":["array"],"query":"{ __typename }"}`, least: 400, most: 400},
	{id: "8161", title: "SHOULD allow string {operationName} parameter when accepting application/graphql-response+json",
		method: http.MethodPost, content: older, accept: newer, body: `{"operationName":"Query","query":"query Query { __typename }"}`, least: 200, most: 200},
	{id: "B8B3", title: "MUST allow string {operationName} parameter when accepting application/json",
		method: http.MethodPost, content: older, accept: older, body: `{"operationName":"Query","query":"query Query { __typename }"}`, least: 200, most: 200, noErrors: true},
	{id: "94B0", title: "SHOULD allow null {variables} parameter when accepting application/graphql-response+json",
		method: http.MethodPost, content: older, accept: newer, body: `{"query":"{ __typename }","variables":null}`, least: 200, most: 200, noErrors: true},
	{id: "0220", title: "MUST allow null {variables} parameter when accepting application/json",
		method: http.MethodPost, content: older, accept: older, body: `{"query":"{ __typename }","variables":null}`, least: 200, most: 200, noErrors: true},
	{id: "94B1", title: "SHOULD allow null {operationName} parameter when accepting application/graphql-response+json",
		method: http.MethodPost, content: older, accept: newer, body: `{"query":"{ __typename }","operationName":null}`, least: 200, most: 200, noErrors: true},
	{id: "0221", title: "MUST allow null {operationName} parameter when accepting application/json",
		method: http.MethodPost, content: older, accept: older, body: `{"query":"{ __typename }","operationName":null}`, least: 200, most: 200, noErrors: true},
	{id: "94B2", title: "SHOULD allow null {extensions} parameter when accepting application/graphql-response+json",
		method: http.MethodPost, content: older, accept: newer, body: `{"query":"{ __typename }","extensions":null}`, least: 200, most: 200, noErrors: true},
	{id: "0222", title: "MUST allow null {extensions} parameter when accepting application/json",
		method: http.MethodPost, content: older, accept: older, body: `{"query":"{ __typename }","extensions":null}`, least: 200, most: 200, noErrors: true},
	{id: "4760", title: "MAY use 400 status code on string {variables} parameter",
		method: http.MethodPost, content: older, body: `{"query":"{ __typename }","variables":"string"}`, least: 400, most: 400},
	{id: "4761", title: "MAY use 400 status code on number {variables} parameter",
		method: http.MethodPost, content: older, body: `{"query":"{ __typename }","variables":0}`, least: 400, most: 400},
	{id: "4762", title: "MAY use 400 status code on boolean {variables} parameter",
		method: http.MethodPost, content: older, body: `{"query":"{ __typename }","variables":false}`, least: 400, most: 400},
	{id: "4763", title: "MAY use 400 status code on array {variables} parameter",
		method: http.MethodPost, content: older, body: `{"query":"{ __typename }","variables":["array"]}`, least: 400, most: 400},
	{id: "2EA1", title: "SHOULD allow map {variables} parameter when accepting application/graphql-response+json",
		method: http.MethodPost, content: older, accept: newer, body: `{"query":"query Type($name: String!) { __type(name: $name) { name } }","variables":{"name":"sometype"}}`, least: 200, most: 200},
	{id: "28B9", title: "MUST allow map {variables} parameter when accepting application/json",
		method: http.MethodPost, content: older, accept: older, body: `{"query":"query Type($name: String!) { __type(name: $name) { name } }","variables":{"name":"sometype"}}`, least: 200, most: 200, noErrors: true},
	{id: "D6D5", title: "MAY allow URL-encoded JSON string {variables} parameter in GETs when accepting application/graphql-response+json",
		method: http.MethodGet, query: "query=query+Type%28%24name%3A+String%21%29+%7B+__type%28name%3A+%24name%29+%7B+name+%7D+%7D&variables=%7B%22name%22%3A%22sometype%22%7D", accept: newer, least: 200, most: 200, noErrors: true},
	{id: "6A70", title: "MAY allow URL-encoded JSON string {variables} parameter in GETs when accepting application/json",
		method: http.MethodGet, query: "query=query+Type%28%24name%3A+String%21%29+%7B+__type%28name%3A+%24name%29+%7B+name+%7D+%7D&variables=%7B%22name%22%3A%22sometype%22%7D", accept: older, least: 200, most: 200, noErrors: true},
	{id: "58B0", title: "MAY use 400 status code on string {extensions} parameter",
		method: http.MethodPost, content: older, body: `{"query":"{ __typename }","extensions":"string"}`, least: 400, most: 400},
	{id: "58B1", title: "MAY use 400 status code on number {extensions} parameter",
		method: http.MethodPost, content: older, body: `{"query":"{ __typename }","extensions":0}`, least: 400, most: 400},
	{id: "58B2", title: "MAY use 400 status code on boolean {extensions} parameter",
		method: http.MethodPost, content: older, body: `{"query":"{ __typename }","extensions":false}`, least: 400, most: 400},
	{id: "58B3", title: "MAY use 400 status code on array {extensions} parameter",
		method: http.MethodPost, content: older, body: `{"query":"{ __typename }","extensions":["array"]}`, least: 400, most: 400},
	{id: "428F", title: "SHOULD allow map {extensions} parameter when accepting application/graphql-response+json",
		method: http.MethodPost, content: older, accept: newer, body: `{"query":"{ __typename }","extensions":{"some":"value"}}`, least: 200, most: 200},
	{id: "1B7A", title: "MUST allow map {extensions} parameter when accepting application/json",
		method: http.MethodPost, content: older, accept: older, body: `{"query":"{ __typename }","extensions":{"some":"value"}}`, least: 200, most: 200, noErrors: true},
	{id: "B6DC", title: "MAY use 2xx, 4xx, or 5xx status codes on JSON parsing failure when accepting application/json",
		method: http.MethodPost, content: older, accept: older, body: `{ "not a JSON`, least: 200, most: 599},
	{id: "BCF8", title: "SHOULD use 400 status code on JSON parsing failure when accepting application/json",
		method: http.MethodPost, content: older, accept: older, body: `{ "not a JSON`, least: 400, most: 400},
	{id: "B7N8", title: "SHOULD use 400 status code on JSON parsing failure when accepting application/graphql-response+json",
		method: http.MethodPost, content: older, accept: newer, body: `{ "not a JSON`, least: 400, most: 400},
	{id: "8764", title: "MAY use 4xx or 5xx status codes if parameters are invalid",
		method: http.MethodPost, content: older, body: `{"qeury":"{ __typename }"}`, least: 400, most: 599},
	{id: "3E3A", title: "MAY use 400 status code if parameters are invalid",
		method: http.MethodPost, content: older, body: `{"qeury":"{ __typename }"}`, least: 400, most: 400},
	{id: "572B", title: "SHOULD use 200 status code on document parsing failure when accepting application/json",
		method: http.MethodPost, content: older, accept: older, body: `{"query":"{"}`, least: 200, most: 200},
	{id: "FDE2", title: "SHOULD use 200 status code on document validation failure when accepting application/json",
		method: http.MethodPost, content: older, accept: older, body: `{"query":"{ 8f31403dfe404bccbb0e835f2629c6a7 }"}`, least: 200, most: 200},
	{id: "7B9B", title: "SHOULD use a status code of 200 on variable coercion failure when accepting application/json",
		method: http.MethodPost, content: older, accept: older, body: `{"query":"query CoerceFailure($id: ID!){ __typename }","variables":{"id":null}}`, least: 200, most: 200},
	{id: "865D", title: "SHOULD use 4xx or 5xx status codes on document parsing failure when accepting application/graphql-response+json",
		method: http.MethodPost, content: older, accept: newer, body: `{"query":"{"}`, least: 400, most: 599},
	{id: "556A", title: "SHOULD use 400 status code on document parsing failure when accepting application/graphql-response+json",
		method: http.MethodPost, content: older, accept: newer, body: `{"query":"{"}`, least: 400, most: 400},
	{id: "D586", title: "SHOULD not contain the data entry on document parsing failure when accepting application/graphql-response+json",
		method: http.MethodPost, content: older, accept: newer, body: `{"query":"{"}`, least: 400, most: 599, noData: true},
	{id: "51FE", title: "SHOULD use 4xx or 5xx status codes on document validation failure when accepting application/graphql-response+json",
		method: http.MethodPost, content: older, accept: newer, body: `{"query":"{ 8f31403dfe404bccbb0e835f2629c6a7 }"}`, least: 400, most: 599},
	{id: "74FF", title: "SHOULD use 400 status code on document validation failure when accepting application/graphql-response+json",
		method: http.MethodPost, content: older, accept: newer, body: `{"query":"{ 8f31403dfe404bccbb0e835f2629c6a7 }"}`, least: 400, most: 400},
	{id: "5E5B", title: "SHOULD not contain the data entry on document validation failure when accepting application/graphql-response+json",
		method: http.MethodPost, content: older, accept: newer, body: `{"query":"{ 8f31403dfe404bccbb0e835f2629c6a7 }"}`, least: 400, most: 599, noData: true},
	{id: "86EE", title: "SHOULD use a status code of 400 on variable coercion failure when accepting application/graphql-response+json",
		method: http.MethodPost, content: older, accept: newer, body: `{"query":"query CoerceFailure($id: ID!){ __typename }","variables":{"id":null}}`, least: 400, most: 400},
}
