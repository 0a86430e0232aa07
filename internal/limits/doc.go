// Package limits is admission control: it decides which requests are served,
// and when. Every endpoint uses it: GraphQL, REST, feeds, event streams, and
// the response cache.
//
// # What is charged to whom
//
// The unit is cost: about one for each field in the largest response that a
// GraphQL operation could have ([Costs]). [Quotas] charges it to a subject
// ([Subject]): the API key, the person, or, for viewers without a credential,
// the network address. A GraphQL request is charged three times:
// [RequestCost] for each that was admitted to parsing, before its document is looked
// up; one for each value in its variables (counted up to the limit of the role), and one for each ten bytes of a document that has to be parsed;
// and the cost of the operation, before it runs. A subscription is charged the
// cost of its operation for each event. The other endpoints charge what they
// decide. The program itself ([domain.Viewer.System]) is charged nothing.
//
// # Windows
//
// A quota is a token bucket of one minute ([Meter]): it is full at first,
// holds the cost of a minute ([Limit.PerMinute]), and refills evenly. It is of
// one process and in memory. Each response carries its state in the fields
// RateLimit and RateLimit-Policy of draft-ietf-httpapi-ratelimit-headers.
//
// # Limits of one operation
//
// [Limit] bounds one operation by its document (tokens, depth, fields at the
// top, aliases, directives, fragments), its variables, its cost, its running
// time, and the bytes of its response. [Standard] returns the limits of each
// role; docs/access.md has the same table.
//
// # Queues
//
// A [Limiter] bounds how many operations run at once. There are two, so that
// expensive operations cannot take all processors: one for operations of a
// cost up to [CheapCost], and one for the others, which may use half of the
// processors. What cannot run at once waits in one of the limiter's two
// queues: subjects with a credential come before those without. In each queue
// the subjects take turns (round robin), and memory is bounded.
//
// # Errors
//
// Every refusal is an [*Error]: COST_LIMIT where the request can never be
// served as it is, RATE_LIMITED where the quota is used up, UNAVAILABLE where
// no place became free in time. The last two say when to try again.
//
// # Sources
//
// The cost is a static analysis in our own terms: fields times page sizes, and
// a surcharge where a field takes more work than a column. [Meter] is a token
// bucket. The share of an IPv6 address that a subject is named by is the subnet
// prefix of RFC 4291, section 2.5.1. The bound on comparisons ([Parse]) follows
// FieldsInSetCanMerge of the GraphQL specification, section 5.3.2. The order in which operations run is fair queuing: round
// robin over subjects.
//
// The package knows GraphQL documents and the schema, but no executor, no
// transport and no store: package graph calls it from gqlgen's hooks.
package limits
