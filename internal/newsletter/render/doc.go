// Package render renders an edition as a web page, as HTML mail and as plain text, from
// one model.
//
// [Fragment] selects what a rendering needs, in GraphQL; the caller runs it for a viewer,
// so the model has only what that viewer may see. [New] makes an [Edition] of the result.
// [Templates] render it. They are files, which a publisher can replace one by one
// ([Load]); docs/newsletter-templates.md is their manual.
//
// All HTML in the model is sanitised by package markdown, and its links are absolute by
// the URL patterns of the publisher's site; only links within the edition begin with #.
// The package reads no store and no clock: the same model and parameters give the same
// bytes.
package render
