// Package picture draws what is known as SVG: a network of entities, a chart of who owns
// whom, a timeline, and counts over time.
//
// A caller hands over what a viewer may see, and gets a document that can stand on a
// page by itself, in an <img> element, or in print: it has no script, no style sheet and no
// reference to anything outside but links. The same input gives the same bytes. All
// texts are taken as untrusted.
//
// A picture does not say more than its input: dates have the precision that they came with,
// shares may be ranges or not known, and what was left out for space is counted in a
// sentence below the picture. Its text alternative, in <desc>, lists all that is shown.
//
// The package reads no database and has no idea of who may see what. It measures text by
// the metrics of Arial and its twins, which are first in its lists of fonts; other fonts
// are squeezed where a label would leave its box.
package picture
