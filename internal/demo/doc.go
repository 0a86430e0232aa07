// Package demo holds the demo content: a research publisher's reports,
// narratives, entities, relationships and editions, written as the GraphQL
// mutations that staff would send.
//
// [Load] sends the numbered .graphql files of this folder in the order of
// their names, one operation each, to whatever executes GraphQL. It knows
// nothing of the stores, so it proves as a side effect that the whole content
// can be made through the API. The dates of publication are fixed, so it needs a
// clock that is past the last of them.
//
// # What it says about the world
//
// No more than what the publisher's site says of its own research, in other
// words, what the U.S. Department of Defense's list of Chinese military companies
// says of two firms, and who issued four laws. Whoever is not named there has no
// name here. All else is invented, and the description of every invented entity
// says so; but for the list's own, all addresses are at example.org, example.com
// or below .example. A test holds all of it.
//
// The numbers of the editions, their weeks and the days of publication are
// invented too, and the newest edition says so. TestDates holds that the dates
// do not contradict each other.
//
// # What is where
//
// Most of it is live and TLP:CLEAR. Besides:
//
//   - drafts: the reports the-port-sable-tender and the-quarry-town-ledger,
//     the narrative the-lights-go-out, the entities harborlight-mining-ltd (a
//     second record of harborlight-mining, to be merged) and
//     sable-customs-house
//   - live, with a change that is not published: the report
//     who-owns-harborlight-mining
//   - TLP:GREEN: the report behind-the-lantern-ring, the entity veyra-solm
//   - TLP:AMBER: the relationship veyra-solm-funds-lantern-ring; the source
//     memo-lantern-ring, which nothing else cites, is as hidden as it
//
// The relationships around harborlight-mining pose the questions of the 50
// percent rule: shares that make exactly one half, a holder just below it, a
// stake that has ended, an owner that was taken off the list, a circle
// (ironquill-shipping and pellucid-finance), and control without ownership.
// Those around corvane-copper are the plain case: three steps of more than one
// half each.
//
// Each technique without a narrower one has a case, the report case-SLUG, told in
// a way of its own. The three narratives around Japan have an invented year of
// sightings. TestStories proves with the examples what the demo has to tell.
//
// # Files
//
// The pictures and the PDF in files/ are served by [Files]. Their addresses
// depend on where the server is: [LoadAt] and [Move] see to that.
package demo
