// Package demo holds the demo content: a research publisher's reports,
// narratives, entities, relationships and editions, written as the GraphQL
// mutations that staff would send.
//
// [Load] runs the numbered .graphql files of this folder in the order of their
// names, one operation each, through a GraphQL executor. It does not use the
// stores, which shows that all content can be created through the API. The
// dates of publication are fixed, so the clock must be later than the last one.
//
// # Statements about the real world
//
// The content repeats only what the publisher's site says about its own research
// (in other words), what the U.S. Department of Defense's list of Chinese military
// companies says about two firms, and who issued four laws. No other real person
// or organisation is named. All else is invented, and the description of every
// invented entity says so. All URLs except those of the list are at example.org,
// example.com or below .example. A test checks all of this.
//
// The numbers of the editions, their weeks and the days of publication are
// invented too, and the newest edition says so. TestDates checks that the dates do
// not contradict each other.
//
// # Contents
//
// Most documents are live and TLP:CLEAR. The exceptions are:
//
//   - drafts: the reports the-port-sable-tender and the-quarry-town-ledger,
//     the narrative the-lights-go-out, the entities harborlight-mining-ltd (a
//     second record of harborlight-mining, to be merged) and
//     sable-customs-house
//   - live, with an unpublished change: the report who-owns-harborlight-mining
//   - TLP:GREEN: the report behind-the-lantern-ring, the entity veyra-solm
//   - TLP:AMBER: the relationship veyra-solm-funds-lantern-ring; the source
//     memo-lantern-ring, which only the relationship cites, has the same
//     effective marking
//
// The relationships around harborlight-mining have the hard cases of the 50
// percent rule: shares of exactly one half, a holder just below it, a stake that
// has ended, an owner that was delisted, a cycle (ironquill-shipping and
// pellucid-finance), and control without ownership. Those around corvane-copper
// are the simple case: three steps of more than one half each.
//
// Each technique without a narrower one has a case: the report case-SLUG, written
// in a form of its own. The three narratives around Japan have an invented year of
// sightings. TestStories checks with the examples what the demo shows.
//
// # Files
//
// [Files] serves the pictures and the PDF in files/. Their URLs depend on the URL
// of the server; [LoadAt] and [UpdateURLs] set them.
package demo
