// Package markdown parses the bodies of documents, which are CommonMark with
// footnotes, citations and entity links, and renders them as safe HTML and plain
// text.
//
// [Parse] returns a [Document] with its problems by line, its footnotes, headings
// and images, and the entities that it mentions. [Document.For] renders it for one
// reader. The package does not know who may see an entity or where the page of an
// entity is: the caller says so, in [Names]. All forms of a text are made by one
// [Rendering], so that a name is the same in each of them.
//
// The package has no state and does no I/O. Parsing never fails: a text that breaks
// a rule has Problems, and its HTML is still safe.
//
// # Grammar
//
// CommonMark, and from GitHub's extensions tables, ~~strikethrough~~, the boxes
// of tasks ("- [ ] to do"), and bare addresses that become links. Marks beside
// Chinese, Japanese and Korean characters need no space around them, and an
// address may have letters of every script: emphasis.go and autolink.go define
// where they end. There are three further forms, in square brackets. They have no
// meaning in code, in raw HTML, or after a backslash.
//
//	[[entity-slug]]             an entity, shown under its name
//	[[entity-slug|any text]]    an entity, shown as the text (\| in a table)
//	[^label]                    a footnote reference
//	[^label]: The note.         its definition, at the start of a line; further
//	                            paragraphs are indented by four spaces
//	[@source-slug]              in a note: the Source that it cites, shown under
//	                            its title
//	[@source-slug, p. 12]       the same, with a locator
//
// A slug is a-z, 0-9 and single hyphens inside, at most 120 characters. A label
// has no white space, no square bracket, no caret and no backtick, and at most
// 100 bytes; letter case counts. A form that is directly followed by an opening
// parenthesis, as in [[1]](https://example.org), is an ordinary link. The text
// of an entity link is plain: no emphasis inside, put it around.
//
// Notes are numbered by the first reference to them: first those in the body,
// in reading order, then those in the notes. A note has the id fn-N, the
// references to it fnref-N, fnref-N-2 and so on. A heading's id is its text in
// lower case, letters of every script kept, made unique by -2, -3; one that
// would look like a note's id gets the prefix "section-". An entity in a heading
// contributes the words of its slug, so that the id is the same for all readers.
//
// # What is refused
//
// Each of these is a Problem: a reference without a definition, a definition
// without a reference or without text, a second definition of a label; an
// entity link, citation or label of the wrong form; a citation outside a note
// and the second one in a note; a reference or an entity link inside another
// link; HTML that can run code, load something or take input, handlers and
// style elements among it, and any other element that is not listed below;
// links that are not http, https, mailto or relative; NUL, control characters
// and invalid UTF-8; more than 100 levels of lists and quotes.
//
// Permitted HTML: abbr, b, bdi, bdo, br, cite, code, del, details, dfn, em, i,
// ins, kbd, mark, q, rp, rt, ruby, s, samp, small, span, strong, sub, summary,
// sup, time, u, var, wbr, with title, lang, dir, datetime and open where they
// mean something; details and summary must start a line. Other attributes are
// dropped. A tag without its partner in the same block is dropped too, so a body
// cannot break the page around it. Comments are never shown.
//
// A text over MaxBytes, and one built to make a parser slow, is not parsed: it has
// one Problem and nothing else. The time to parse any text is proportional to its
// length.
package markdown
