package graph_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/graph/generated"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
)

func TestAuditLog(t *testing.T) {
	t.Parallel()
	eachAccessAPI(t, nil, func(t *testing.T, g *accessAPI) {
		admin, other := holder(domain.Admin), holder(domain.Admin)
		for i := range 3 {
			g.clock.Advance(time.Minute)
			g.query(admin, fmt.Sprintf(`mutation { createApiKey(input: {name: "k%d", role: PUBLIC}) { secret } }`, i))
			g.clock.Advance(time.Minute)
			g.query(other, fmt.Sprintf(`mutation { createTag(input: {slug: "t%d", label: "T", vocabulary: TOPIC}) { created } }`, i))
		}
		for _, row := range []struct{ name, arguments, want string }{
			{"NewestFirst", ``, "6 5 4 3 2 1"},
			{"Page", `first: 2`, "6 5"},
			{"Last", `last: 2`, "2 1"},
			{"Action", `actions: [CREATE_KEY]`, "5 3 1"},
			{"Actions", `actions: [CREATE, CREATE_KEY]`, "6 5 4 3 2 1"},
			{"OtherAction", `actions: [PURGE]`, ""},
			{"NoAction", `actions: []`, ""},
			{"NullAction", `actions: null`, "6 5 4 3 2 1"},
			{"Actor", fmt.Sprintf(`actors: [%q]`, other.KeyID), "6 4 2"},
			{"NoActor", `actors: []`, ""},
			{"Since", `since: "2024-06-01T00:03:00Z"`, "6 5 4 3"},
			{"Until", `until: "2024-06-01T00:03:00Z"`, "2 1"},
			{"Between", `since: "2024-06-01T00:02:00+00:00", until: "2024-06-01T02:04:00+02:00"`, "3 2"},
			{"Nothing", `since: "2024-06-02T00:00:00Z"`, ""},
			{"Together", fmt.Sprintf(`actions: [CREATE_KEY], actors: [%q], since: "2024-06-01T00:02:00Z"`, admin.KeyID), "5 3"},
		} {
			arguments := ""
			if row.arguments != "" {
				arguments = "(" + row.arguments + ")"
			}
			r := g.query(holder(domain.Admin, domain.ReadAudit), `{ auditLog`+arguments+` { totalCount nodes { sequence at action actor actorId documents times } } }`)
			if got := r.list("auditLog.nodes", "sequence"); got != row.want {
				t.Errorf("%s: got %s, want %s", row.name, got, row.want)
			}
			if n := len(strings.Fields(row.want)); !strings.Contains(row.arguments, "first") && !strings.Contains(row.arguments, "last") && r.at("auditLog.totalCount") != float64(n) {
				t.Errorf("%s: got a count of %v", row.name, r.at("auditLog.totalCount"))
			}
		}
		page := g.query(admin, `{ auditLog(first: 2) { pageInfo { endCursor } } }`)
		next := g.query(admin, fmt.Sprintf(`{ auditLog(first: 2, after: %q) { nodes { sequence } pageInfo { hasPreviousPage hasNextPage } } }`, page.at("auditLog.pageInfo.endCursor")))
		if next.list("auditLog.nodes", "sequence") != "4 3" || next.at("auditLog.pageInfo.hasNextPage") != true {
			t.Errorf("got %s", next.body)
		}
		g.as(admin, `{ auditLog(actors: ["me"]) { totalCount } }`, nil).refused("BAD_USER_INPUT", "actor")
	})
}

// mutations is each mutation of the schema, in an order in which one can follow
// the other, with what it leaves on the audit log. $x is what an answer before
// it had at a path.
var mutations = []struct {
	name, input string
	action      audit.Action
	answer      string // what is asked of it
	keep, at    string // keeps what is at the path of the answer
}{
	{"createSource", `slug: "s" title: "S"`, audit.Create, "created", "", ""},
	{"updateSource", `id: "s" title: "S2"`, audit.Update, "changed", "", ""},
	{"upsertSource", `slug: "s" title: "S3"`, audit.Update, "changed", "", ""},
	{"createAsset", `slug: "a" url: "https://example.org/a" mediaType: "image/png" altText: "A"`, audit.Create, "created", "", ""},
	{"updateAsset", `id: "a" altText: "B"`, audit.Update, "changed", "", ""},
	{"upsertAsset", `slug: "a2" url: "https://example.org/b" mediaType: "image/png" altText: "A"`, audit.Create, "created", "", ""},
	{"createTag", `slug: "t" label: "T" vocabulary: TOPIC`, audit.Create, "created", "", ""},
	{"updateTag", `id: "t" label: "T2"`, audit.Update, "changed", "", ""},
	{"upsertTag", `slug: "t" label: "T3"`, audit.Update, "changed", "", ""},
	{"createEntity", `slug: "e" kind: COMPANY name: "E"`, audit.Create, "created", "", ""},
	{"updateEntity", `id: "e" name: "E2"`, audit.Update, "changed", "", ""},
	{"upsertEntity", `slug: "e2" kind: COMPANY name: "F"`, audit.Create, "created", "", ""},
	{"createRelationship", `slug: "r" from: "e" to: "e2" kind: OWNS confidence: CONFIRMED`, audit.Create, "created", "", ""},
	{"updateRelationship", `id: "r" confidence: POSSIBLE`, audit.Update, "changed", "", ""},
	{"upsertRelationship", `slug: "r" confidence: CONFIRMED`, audit.Update, "changed", "", ""},
	{"createNarrative", `slug: "n" title: "N" claim: "C" status: ACTIVE`, audit.Create, "created", "", ""},
	{"updateNarrative", `id: "n" title: "N2"`, audit.Update, "changed", "", ""},
	{"upsertNarrative", `slug: "n" title: "N3"`, audit.Update, "changed", "", ""},
	{"createSeries", `slug: "w" title: "W" cadence: WEEKLY language: "en"`, audit.Create, "created", "", ""},
	{"updateSeries", `id: "w" title: "W2"`, audit.Update, "changed", "", ""},
	{"upsertSeries", `slug: "w2" title: "W3" cadence: WEEKLY language: "en"`, audit.Create, "created", "", ""},
	{"deleteSeries", `id: "w2"`, audit.Delete, "deletedId", "", ""},
	{"createEdition", `slug: "w" series: "w" number: 1 title: "W" language: "en"`, audit.Create, "created", "", ""},
	{"addEditionItem", `edition: "w" headline: "H" summary: "S."`, audit.Update, "item { id }", "item", "item.id"},
	{"addEditionItem", `edition: "w" headline: "I" summary: "S."`, audit.Update, "item { id }", "other", "item.id"},
	{"updateEditionItem", `id: $item headline: "H2"`, audit.Update, "changed", "", ""},
	{"moveEditionItem", `id: $item after: $other`, audit.Update, "changed", "", ""},
	{"removeEditionItem", `id: $item`, audit.Update, "changed", "", ""},
	{"addListing", `entity: "e" authority: "A"`, audit.Update, "listing { id }", "listing", "listing.id"},
	{"updateListing", `id: $listing programme: "P"`, audit.Update, "changed", "", ""},
	{"removeListing", `id: $listing`, audit.Update, "changed", "", ""},
	{"addObservation", `narrative: "n" observedOn: "2023" description: "D."`, audit.Update, "observation { id }", "observation", "observation.id"},
	{"updateObservation", `id: $observation reach: 3`, audit.Update, "changed", "", ""},
	{"removeObservation", `id: $observation`, audit.Update, "changed", "", ""},
	{"compileEdition", `series: "w" from: "2026-01-01" to: "2026-01-14"`, audit.Create, "created", "", ""},
	{"updateEdition", `id: "w" title: "W2"`, audit.Update, "changed", "", ""},
	{"upsertEdition", `slug: "w" title: "W3"`, audit.Update, "changed", "", ""},
	{"createReport", `slug: "p" title: "P" kind: BRIEF language: "en" summary: "S" body: "B"`, audit.Create, "created", "", ""},
	{"updateReport", `id: "p" title: "P2"`, audit.Update, "changed", "", ""},
	{"upsertReport", `slug: "p" title: "P3"`, audit.Update, "changed", "", ""},
	{"restoreRevision", `document: "report:p" revision: 1`, audit.Restore, "changed", "", ""},
	{"publish", `documents: ["report:p"]`, audit.Publish, "state", "", ""},
	{"sendTestEdition", `edition: "w" to: ["editor@example.org"]`, audit.TestEdition, "results { submitted }", "", ""},
	{"sendEdition", `edition: "w"`, audit.SendEdition, "sending { id }", "sending", "sending.id"},
	{"pauseSending", `id: $sending`, audit.PauseSending, "sending { state }", "", ""},
	{"resumeSending", `id: $sending`, audit.ResumeSending, "sending { state }", "", ""},
	{"stopSending", `id: $sending`, audit.StopSending, "sending { state }", "", ""},
	{"unpublish", `documents: ["report:p"]`, audit.Publish, "state", "", ""},
	{"release", `publish: ["report:p"]`, audit.Publish, "state", "", ""},
	{"schedulePublication", `documents: ["report:p"] action: UNPUBLISH at: "2030-01-01T00:00:00Z"`, audit.Schedule, "schedule { id }", "schedule", "schedule.id"},
	{"cancelSchedule", `id: $schedule`, audit.CancelSchedule, "schedule { status }", "", ""},
	{"deleteRelationship", `id: "r"`, audit.Delete, "deletedId", "", ""},
	{"undelete", `document: "relationship:r"`, audit.Undelete, "changed", "", ""},
	{"mergeEntities", `from: ["e2"] into: "e"`, audit.Merge, "__typename", "", ""},
	{"deleteNarrative", `id: "n"`, audit.Delete, "deletedId", "", ""},
	{"deleteEdition", `id: "w"`, audit.Delete, "deletedId", "", ""},
	{"deleteTag", `id: "t"`, audit.Delete, "deletedId", "", ""},
	{"deleteSource", `id: "s"`, audit.Delete, "deletedId", "", ""},
	{"createSource", `slug: "s2" title: "S2"`, audit.Create, "created", "", ""},
	{"withdrawSource", `id: "s2"`, audit.Withdraw, "withdrawn", "", ""},
	{"deleteAsset", `id: "a"`, audit.Delete, "deletedId", "", ""},
	{"createReport", `slug: "q" title: "Q" kind: BRIEF language: "en"`, audit.Create, "created", "", ""},
	{"deleteReport", `id: "q"`, audit.Delete, "deletedId", "", ""},
	{"createEntity", `slug: "e3" kind: COMPANY name: "G"`, audit.Create, "created", "", ""},
	{"deleteEntity", `id: "e3"`, audit.Delete, "deletedId", "", ""},
	{"purge", `documents: ["report:q", "entity:e3"]`, audit.Purge, "purged", "", ""},
	{"createApiKey", `name: "k" role: PARTNER`, audit.CreateKey, "apiKey { id }", "key", "apiKey.id"},
	{"updateApiKey", `apiKey: $key grants: [OWN_WEBHOOKS]`, audit.UpdateKey, "apiKey { grants }", "", ""},
	{"rotateApiKey", `apiKey: $key`, audit.RotateKey, "apiKey { id }", "", ""},
	{"rotateOwnApiKey", `overlapMinutes: 60`, audit.RotateKey, "key { id }", "", ""},
	{"revokeApiKey", `apiKey: $key`, audit.RevokeKey, "apiKey { id }", "", ""},
	{"updatePerson", `id: $person role: EDITOR`, audit.UpdatePerson, "person { id }", "", ""},
	{"createWebhook", `url: "https://127.0.0.1:9/hook"`, audit.CreateWebhook, "webhook { id }", "webhook", "webhook.id"},
	{"updateWebhook", `id: $webhook description: "D"`, audit.UpdateWebhook, "webhook { id }", "", ""},
	{"rotateWebhookSecret", `id: $webhook`, audit.RotateWebhook, "secret", "", ""},
	{"testWebhook", `id: $webhook`, audit.TestWebhook, "attempt { status }", "", ""},
	{"retryWebhookDeliveries", `webhook: $webhook`, audit.RetryDeliveries, "deliveries", "", ""},
	{"deleteWebhook", `id: $webhook`, audit.DeleteWebhook, "deletedId", "", ""},
	{"suppressAddress", `email: "reader@example.org"`, audit.SuppressAddress, "suppressed", "", ""},
	{"unsuppressAddress", `email: "reader@example.org"`, audit.UnsuppressAddress, "suppressed", "", ""},
	{"eraseSubscriber", `email: "reader@example.org"`, audit.EraseSubscriber, "erased", "", ""},
	{"registerDocuments", `documents: [{text: "{ __typename }"}]`, audit.RegisterDocuments, "documents { documentId }", "document", "documents.0.documentId"},
	{"unregisterDocuments", `documentIds: [$document]`, audit.RegisterDocuments, "documentIds", "", ""},
}

// Every mutation of the schema leaves one entry on the audit log, in the name of
// its viewer. Refused mutations leave one entry for all of the same kind.
func TestEveryMutationIsAudited(t *testing.T) {
	t.Parallel()
	eachAccessAPI(t, withPost, func(t *testing.T, g *accessAPI) {
		tested := map[string]bool{}
		for _, m := range mutations {
			tested[m.name] = true
		}
		for _, f := range generated.NewExecutableSchema(generated.Config{}).Schema().Mutation.Fields {
			if f.Name == "subscribe" {
				continue // anybody may; consents have it
			}
			if !tested[f.Name] && !strings.HasPrefix(f.Name, "__") {
				t.Errorf("the mutation %s has no row: say which action it leaves on the audit log", f.Name)
			}
		}

		admin, low := g.stored(holder(domain.Admin)), holder(domain.Public)
		values := map[string]string{"$person": g.person("pat", domain.Author).String()}
		var after int64
		var refused []string
		for i, m := range mutations {
			input := m.input
			for name, value := range values {
				input = strings.ReplaceAll(input, name, fmt.Sprintf("%q", value))
			}
			document := fmt.Sprintf("mutation { %s(input: {%s}) { %s } }", m.name, input, m.answer)
			g.clock.Advance(time.Second)
			for range 2 {
				g.as(low, document, nil).refused("FORBIDDEN", "this credential has PUBLIC")
			}
			if !slices.Contains(refused, m.name) {
				refused = append(refused, m.name)
			}
			ctx := domain.WithRequestID(domain.WithClient(domain.WithViewer(t.Context(), admin), netip.MustParseAddr("203.0.113.77")), fmt.Sprint("req-", i))
			r := g.sendIn(ctx, http.MethodPost, vars{"query": document})
			if len(r.Errors) > 0 {
				t.Fatalf("%s: %s", document, r.body)
			}
			lines := g.entries(after)
			if len(lines) != 1 || lines[0].Action != string(m.action) || lines[0].Actor != "admin" || *lines[0].ActorID != admin.KeyID ||
				*lines[0].RequestID != fmt.Sprint("req-", i) || *lines[0].Network != "203.0.113.0/24" || !lines[0].At.Equal(g.clock.Now()) || lines[0].Times != 1 {
				t.Errorf("%s: got %+v, want one entry %s", m.name, lines, m.action)
			}
			after += int64(len(lines))
			if m.keep != "" {
				values["$"+m.keep] = r.at(m.name + "." + m.at).(string)
			}
			if (lines[0].Subject == nil) == (len(lines[0].Documents) == 0) && m.action != audit.Schedule && m.action != audit.RegisterDocuments {
				t.Errorf("%s: what it was done to is not said, or twice: %+v", m.name, lines[0])
			}
		}
		if err := g.refusals.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		notes := map[string]int{}
		for _, line := range g.entries(after) {
			if line.Action != string(audit.RefuseRight) || *line.ActorID != low.KeyID {
				t.Errorf("got %+v", line)
			}
			notes[*line.Subject] += line.Times
		}
		for _, name := range refused {
			if notes[name] == 0 || notes[name]%2 != 0 {
				t.Errorf("%s: %d refusals are noted", name, notes[name])
			}
			delete(notes, name)
		}
		if len(notes) > 0 {
			t.Errorf("noted as well: %v", notes)
		}
	})
}
