// Package tracing records what a request or a job causes as spans of OpenTelemetry, and sends them to a collector as
// OTLP over HTTP in JSON (https://opentelemetry.io/docs/specs/otlp/). It is configured by the variables of the
// environment that OpenTelemetry defines (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
//
// The names of attributes follow OpenTelemetry's semantic conventions. No text of a document, a client or a person is in
// a span: routes and not paths, statements with places for their values and not the values.
//
// The SDK of OpenTelemetry for Go does the same, and more. It is 1.4 MB of program, and its exporters bring gRPC and
// Protocol Buffers along.
package tracing
