package graph_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// TestAccessOperations walks each role, and keys that are narrowed, through the
// operations that manage access. The lowest role and the scope of each operation are said
// here once more, apart from the code.
func TestAccessOperations(t *testing.T) {
	t.Parallel()
	eachAccessAPI(t, nil, func(t *testing.T, g *accessAPI) {
		who := g.person("pat", domain.Author)
		operations := []struct {
			name, document string
			role           domain.Role
			scope          domain.Right
		}{
			{"createApiKey", `mutation { createApiKey(input: {name: "n", role: PUBLIC, scopes: []}) { apiKey { id } } }`, domain.Admin, domain.ManageAccess},
			{"rotateApiKey", `mutation { rotateApiKey(input: {apiKey: "nobody's"}) { secret } }`, domain.Admin, domain.ManageAccess},
			{"updateApiKey", `mutation { updateApiKey(input: {apiKey: "nobody's", clearance: null}) { apiKey { id } } }`, domain.Admin, domain.ManageAccess},
			{"revokeApiKey", `mutation { revokeApiKey(input: {apiKey: "nobody's"}) { apiKey { id } } }`, domain.Admin, domain.ManageAccess},
			{"apiKeys", `{ apiKeys { totalCount nodes { name } } }`, domain.Admin, domain.ManageAccess},
			{"people", `{ people { totalCount nodes { name email } } }`, domain.Admin, domain.ManageAccess},
			{"updatePerson", fmt.Sprintf(`mutation { updatePerson(input: {id: %q, disabled: false}) { person { name } } }`, who), domain.Admin, domain.ManageAccess},
			{"updatePerson, wrong input", `mutation { updatePerson(input: {id: "x"}) { person { name } } }`, domain.Admin, domain.ManageAccess},
			{"auditLog", `{ auditLog { totalCount nodes { action } } }`, domain.Admin, domain.ReadAudit},
			{"purge", `mutation { purge(input: {documents: ["report:nothing"]}) { purged } }`, domain.Admin, domain.PurgeTrash},
			{"pendingChanges, of nothing", `{ pendingChanges(types: []) { nodes { __typename } } }`, domain.Author, domain.ReadDesk},
			{"possibleDuplicates", `{ possibleDuplicates { nodes { score } } }`, domain.Author, domain.ReadDesk},
			{"checkEvidence", `{ checkEvidence { nodes { message } counts { kind count } } }`, domain.Author, domain.ReadDesk},
			{"registeredDocuments", `{ registeredDocuments { totalCount nodes { text } } }`, domain.Editor, domain.RegisterQueries},
			{"registerDocuments", `mutation { registerDocuments(input: {documents: [{text: "{ __typename }"}]}) { created } }`, domain.Editor, domain.RegisterQueries},
			{"unregisterDocuments", `mutation { unregisterDocuments(input: {documentIds: ["nothing"]}) { documentIds } }`, domain.Editor, domain.RegisterQueries},
		}
		viewers := []*domain.Viewer{public}
		for role := domain.Public; role <= domain.Admin; role++ {
			viewers = append(viewers, holder(role), scopeless(role))
		}
		for _, right := range domain.Rights() {
			viewers = append(viewers, holder(domain.Admin, right))
		}
		for _, operation := range operations {
			for _, v := range viewers {
				want := ""
				switch {
				case v.Role >= operation.role && (v.Scopes == nil || slices.Contains(v.Scopes, operation.scope)):
				case v == public:
					want = "UNAUTHENTICATED"
				default:
					want = "FORBIDDEN"
				}
				r := g.as(v, operation.document, nil)
				got := r.code()
				if refused := got == "UNAUTHENTICATED" || got == "FORBIDDEN"; refused != (want != "") || refused && got != want {
					t.Errorf("%s as %s with the scopes %v: got %q, want %q: %s", operation.name, v.Role, v.Scopes, got, want, r.body)
				}
				if want != "" && (strings.Contains(r.data(), "pat") || r.paths() != "") {
					t.Errorf("%s as %s with the scopes %v tells something: %s", operation.name, v.Role, v.Scopes, r.body)
				}
				if strings.Contains(r.body, "INTERNAL") {
					t.Errorf("%s: %s", operation.name, r.body)
				}
			}
		}
	})
}

// Scopes narrow reading as well: what they leave out is not to be had by a way
// round.
func TestScopes(t *testing.T) {
	t.Parallel()
	eachAccessAPI(t, nil, func(t *testing.T, g *accessAPI) {
		g.query(editor, `mutation { createTag(input: {slug: "ports", label: "Ports", vocabulary: TOPIC}) { created } }`)
		g.query(editor, `mutation { createReport(input: {slug: "bravo", title: "Bravo", kind: BRIEF, language: "en", summary: "S.", body: "B.", tags: ["ports"]}) { created } }`)
		g.query(editor, `mutation { publish(input: {documents: ["report:bravo"], references: INCLUDE}) { state } }`)

		blind := []*domain.Viewer{
			scopeless(domain.Public), scopeless(domain.Partner), scopeless(domain.Admin),
			holder(domain.Admin, domain.ManageAccess), holder(domain.Admin, domain.ReadAudit), holder(domain.Editor, domain.WriteDrafts),
			holder(domain.Editor, domain.ReadDesk),
		}
		for _, v := range blind {
			for _, document := range []string{
				`{ reports { totalCount } }`, `{ report(slug: "bravo") { title } }`, `{ tags { nodes { slug } } }`,
				`{ reports(filter: {tags: {slug: {eq: "ports"}}}) { nodes { slug } } }`,
			} {
				r := g.as(v, document, nil)
				r.refused("FORBIDDEN", "READ_LIVE")
				if strings.Contains(r.body, "Bravo") || strings.Contains(r.body, `"ports"`) {
					t.Errorf("%s with the scopes %v reads live: %s", v.Role, v.Scopes, r.body)
				}
			}
		}
		id := g.query(public, `{ report(slug: "bravo") { id } }`).at("report.id")
		r := g.as(scopeless(domain.Admin), `query($id: ID!) { node(id: $id) { id } }`, vars{"id": id})
		r.refused("FORBIDDEN", "READ_LIVE")

		// A key may read its own identity and rights there.
		who := g.query(scopeless(domain.Admin), `{ viewer { role rights clearance } }`)
		if got := fmt.Sprint(who.at("viewer.role"), who.at("viewer.rights")); got != "ADMIN[]" {
			t.Errorf("got %s", got)
		}

		// WRITE_DRAFTS alone writes, and can't read back what it wrote.
		writer := holder(domain.Editor, domain.WriteDrafts)
		r = g.as(writer, `mutation { createTag(input: {slug: "cranes", label: "Cranes", vocabulary: TOPIC}) { created tag { slug label } } }`, nil)
		if r.at("createTag.created") != true || r.at("createTag.tag") != nil {
			t.Errorf("got %s", r.body)
		}
		r.refused("FORBIDDEN", "READ_DESK")
		g.as(writer, `query @inContext(stage: DESK) { tags { totalCount } }`, nil).refused("FORBIDDEN", "READ_DESK")
		g.as(writer, `{ trash { nodes { id } } }`, nil).refused("FORBIDDEN", "READ_DESK")
		g.as(writer, `mutation { publish(input: {documents: ["tag:cranes"]}) { state } }`, nil).refused("FORBIDDEN", "PUBLISH")
		if got := g.query(editor, `query @inContext(stage: DESK) { tag(slug: "cranes") { label } }`).at("tag.label"); got != "Cranes" {
			t.Errorf("what was written is not there: %v", got)
		}
	})
}

func TestAPIKeys(t *testing.T) {
	t.Parallel()
	eachAccessAPI(t, nil, func(t *testing.T, g *accessAPI) {
		admin := holder(domain.Admin)
		ctx := domain.WithClient(t.Context(), netip.MustParseAddr("203.0.113.77"))
		authenticator := access.NewAuthenticator(g.keys, g.people)
		const all = `id name hint state role clearance scopes origins networks rateLimit replaces createdBy createdAt lastUsedAt expiresAt revokedAt`

		var answers []string
		made := g.query(admin, `mutation { createApiKey(input: {name: "site", role: EDITOR, clearance: GREEN, scopes: [READ_LIVE, WRITE_DRAFTS], origins: ["https://Site.example:443"],
			networks: ["203.0.113.7/24"], rateLimit: 5000, expiresAt: "2024-07-01T00:00:00Z"}) { secret replaced { id } apiKey { `+all+` } } }`)
		secret := made.at("createApiKey.secret").(string)
		id := made.at("createApiKey.apiKey.id").(string)
		got := fmt.Sprint(made.at("createApiKey.replaced"), made.at("createApiKey.apiKey"))
		want := fmt.Sprint(nil, map[string]any{
			"id": id, "name": "site", "hint": secret[:len(made.at("createApiKey.apiKey.hint").(string))], "state": "ACTIVE", "role": "EDITOR", "clearance": "GREEN",
			"scopes": []any{"READ_LIVE", "WRITE_DRAFTS"}, "origins": []any{"https://site.example"}, "networks": []any{"203.0.113.0/24"}, "rateLimit": 5000.0,
			"replaces": nil, "createdBy": "admin", "createdAt": "2024-06-01T00:00:00Z", "lastUsedAt": nil, "expiresAt": "2024-07-01T00:00:00Z", "revokedAt": nil,
		})
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		viewer, err := authenticator.Authenticate(ctx, access.Credential{Token: secret, Origin: "https://site.example"})
		if err != nil || viewer.Name != "site" || viewer.Role != domain.Editor || viewer.Clearance != domain.Green || !viewer.May(domain.WriteDrafts) ||
			viewer.May(domain.ReadDesk) || viewer.RateLimit != 5000 || viewer.KeyID.String() != id {
			t.Errorf("the key opens %+v, %v", viewer, err)
		}

		g.clock.Advance(time.Hour)
		rotated := g.query(admin, fmt.Sprintf(`mutation { rotateApiKey(input: {apiKey: %q, overlapMinutes: 60}) { secret apiKey { %s } replaced { id state expiresAt } } }`, id, all))
		second := rotated.at("rotateApiKey.secret").(string)
		if rotated.at("rotateApiKey.apiKey.replaces") != id || rotated.at("rotateApiKey.replaced.id") != id ||
			rotated.at("rotateApiKey.replaced.expiresAt") != "2024-06-01T02:00:00Z" || rotated.at("rotateApiKey.replaced.state") != "ACTIVE" ||
			rotated.at("rotateApiKey.apiKey.rateLimit") != 5000.0 || rotated.at("rotateApiKey.apiKey.expiresAt") != "2024-07-01T01:00:00Z" {
			t.Errorf("got %s", rotated.body)
		}
		g.clock.Advance(time.Hour)
		for text, opens := range map[string]bool{secret: false, second: true} {
			if _, err := authenticator.Authenticate(ctx, access.Credential{Token: text, Origin: "https://site.example"}); (err == nil) != opens {
				t.Errorf("after the overlap: %v", err)
			}
		}
		g.as(admin, fmt.Sprintf(`mutation { rotateApiKey(input: {apiKey: %q}) { secret } }`, id), nil).refused("CONFLICT", "EXPIRED")

		// The key itself names a key that has leaked; then it is worthless.
		revoked := g.as(admin, `mutation($k: String!) { revokeApiKey(input: {apiKey: $k}) { apiKey { id state revokedAt } } }`, vars{"k": second}).ok()
		if revoked.at("revokeApiKey.apiKey.state") != "REVOKED" || revoked.at("revokeApiKey.apiKey.id") != rotated.at("rotateApiKey.apiKey.id") {
			t.Errorf("got %s", revoked.body)
		}
		if _, err := authenticator.Authenticate(ctx, access.Credential{Token: second, Origin: "https://site.example"}); err == nil {
			t.Error("a revoked key opens")
		}
		for _, name := range []string{"nobody's", `\u0000`} {
			g.as(admin, `mutation { revokeApiKey(input: {apiKey: "`+name+`"}) { apiKey { id } } }`, nil).refused("NOT_FOUND", "no such key")
		}

		// A secret is in the answer that made it, and nowhere else.
		if err := g.refusals.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		list := g.query(admin, `{ apiKeys { totalCount nodes { `+all+` } edges { cursor } } auditLog(first: 100) { nodes { action actor actorId subject detail documents } } }`)
		if got := list.list("apiKeys.nodes", "state"); got != "REVOKED EXPIRED" {
			t.Errorf("got the states %s", got)
		}
		entries, err := json.Marshal(g.entries(0))
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, revoked.body, list.body, g.log.String(), string(entries))
		for _, s := range []string{secret, second} {
			if strings.Count(made.body+rotated.body, s) != 1 {
				t.Error("a secret is not in exactly one answer")
			}
			for _, a := range answers {
				// Not even what follows the hint.
				if strings.Contains(a, s[12:]) {
					t.Errorf("a secret is shown again: %s", a)
				}
			}
		}
		if got := list.list("auditLog.nodes", "action"); got != "REFUSE_CREDENTIAL REFUSE_CREDENTIAL REVOKE_KEY ROTATE_KEY CREATE_KEY" &&
			got != "REFUSE_CREDENTIAL REVOKE_KEY REFUSE_CREDENTIAL ROTATE_KEY CREATE_KEY" {
			t.Errorf("on the audit log: %s", got)
		}
	})
}

func TestAPIKeysArePagedNewestFirst(t *testing.T) {
	t.Parallel()
	eachAccessAPI(t, nil, func(t *testing.T, g *accessAPI) {
		admin := holder(domain.Admin)
		for i := range 5 {
			g.query(admin, fmt.Sprintf(`mutation { createApiKey(input: {name: "k%d", role: PUBLIC}) { secret } }`, i))
			if i != 2 { // two of one moment
				g.clock.Advance(time.Second)
			}
		}
		var names []string
		after := "null"
		for range 5 {
			page := g.query(admin, fmt.Sprintf(`{ apiKeys(first: 2, after: %s) { totalCount nodes { name } pageInfo { endCursor hasNextPage } } }`, after))
			names = append(names, page.list("apiKeys.nodes", "name"))
			if page.at("apiKeys.totalCount") != 5.0 {
				t.Errorf("got %s", page.body)
			}
			if page.at("apiKeys.pageInfo.hasNextPage") != true {
				break
			}
			after = fmt.Sprintf("%q", page.at("apiKeys.pageInfo.endCursor"))
		}
		if got := strings.Join(names, "|"); got != "k4 k3|k2 k1|k0" && got != "k4 k2|k3 k1|k0" {
			t.Errorf("got %s", got)
		}
		last := g.query(admin, `{ apiKeys(last: 1) { nodes { name } pageInfo { hasPreviousPage } } }`)
		if last.list("apiKeys.nodes", "name") != "k0" || last.at("apiKeys.pageInfo.hasPreviousPage") != true {
			t.Errorf("got %s", last.body)
		}
	})
}

func TestAPIKeyInputIsRefusedAllAtOnce(t *testing.T) {
	t.Parallel()
	eachAccessAPI(t, nil, func(t *testing.T, g *accessAPI) {
		admin := holder(domain.Admin)
		for _, row := range []struct{ name, document, paths string }{
			{"Create", `mutation { createApiKey(input: {name: " ", role: PARTNER, scopes: [PUBLISH, READ_LIVE, PURGE], origins: ["site"], networks: ["here", "10.0.0.0/8", "::ffff:10.0.0.0/104"],
				rateLimit: 0, expiresAt: "2020-01-01T00:00:00Z"}) { secret } }`, "name expiresAt scopes scopes origins networks networks rateLimit"},
			{"Rotate", `mutation { rotateApiKey(input: {apiKey: "x", overlapMinutes: -1, expiresAt: "2020-01-01T00:00:00Z"}) { secret } }`, "overlapMinutes expiresAt"},
			{"RotateForever", `mutation { rotateApiKey(input: {apiKey: "x", overlapMinutes: 2147483647}) { secret } }`, "overlapMinutes"},
			{"Person", `mutation { updatePerson(input: {id: "key_0000000000000", role: null}) { person { id } } }`, "id"},
		} {
			r := g.as(admin, row.document, nil)
			if r.code() != "BAD_USER_INPUT" || r.paths() != row.paths {
				t.Errorf("%s: got %s at %q, want %q: %s", row.name, r.code(), r.paths(), row.paths, r.body)
			}
		}
		for _, document := range []string{
			`mutation { createApiKey(input: {name: "x", role: OWNER}) { secret } }`,
			`mutation { createApiKey(input: {name: "x", role: "ADMIN"}) { secret } }`,
			`mutation { createApiKey(input: {name: "x", role: ADMIN, scopes: [EVERYTHING]}) { secret } }`,
			`mutation { createApiKey(input: {name: "x"}) { secret } }`,
		} {
			if r := g.as(admin, document, nil); r.code() != "GRAPHQL_VALIDATION_FAILED" {
				t.Errorf("%s: got %s", document, r.body)
			}
		}
		if r := g.as(admin, `mutation($r: Role!) { createApiKey(input: {name: "x", role: $r}) { secret } }`, vars{"r": "owner"}); len(r.Errors) == 0 {
			t.Errorf("got %s", r.body)
		}
		if n := len(g.entries(0)); n != 0 {
			t.Errorf("%d acts are on the audit log", n)
		}
	})
}

// Nobody gives more than they have.
func TestNobodyGivesMoreThanTheyHave(t *testing.T) {
	t.Parallel()
	eachAccessAPI(t, nil, func(t *testing.T, g *accessAPI) {
		admin := holder(domain.Admin)
		green := holder(domain.Admin)
		green.Clearance = domain.Green
		narrow := holder(domain.Admin, domain.ManageAccess, domain.ReadLive)
		strong := g.query(admin, `mutation { createApiKey(input: {name: "strong", role: ADMIN}) { apiKey { id } } }`).at("createApiKey.apiKey.id")
		pat := g.person("pat", domain.Author)
		boss := g.person("boss", domain.Admin)
		g.query(admin, fmt.Sprintf(`mutation { updatePerson(input: {id: %q, disabled: true}) { person { disabledAt } } }`, boss))
		for _, row := range []struct {
			name     string
			by       *domain.Viewer
			document string
			refused  bool
		}{
			{"Clearance", green, `mutation { createApiKey(input: {name: "x", role: PARTNER, clearance: AMBER}) { secret } }`, true},
			{"DefaultClearance", green, `mutation { createApiKey(input: {name: "x", role: AUTHOR}) { secret } }`, true},
			{"OwnClearance", green, `mutation { createApiKey(input: {name: "x", role: PARTNER}) { secret } }`, false},
			{"AllScopes", narrow, `mutation { createApiKey(input: {name: "x", role: ADMIN}) { secret } }`, true},
			{"OtherScope", narrow, `mutation { createApiKey(input: {name: "x", role: ADMIN, scopes: [READ_AUDIT]}) { secret } }`, true},
			{"OwnScopes", narrow, `mutation { createApiKey(input: {name: "x", role: ADMIN, scopes: [MANAGE_ACCESS, READ_LIVE]}) { secret } }`, false},
			{"RoleWithoutMore", narrow, `mutation { createApiKey(input: {name: "x", role: PARTNER}) { secret } }`, false},
			{"RotateStronger", narrow, fmt.Sprintf(`mutation { rotateApiKey(input: {apiKey: %q}) { secret } }`, strong), true},
			{"RotateClearer", green, fmt.Sprintf(`mutation { rotateApiKey(input: {apiKey: %q}) { secret } }`, strong), true},
			{"RevokeStronger", narrow, fmt.Sprintf(`mutation { revokeApiKey(input: {apiKey: %q}) { apiKey { state } } }`, strong), false},
			{"PersonClearance", green, fmt.Sprintf(`mutation { updatePerson(input: {id: %q, role: EDITOR}) { person { role } } }`, pat), false},
			{"PersonRole", narrow, fmt.Sprintf(`mutation { updatePerson(input: {id: %q, role: ADMIN}) { person { role } } }`, pat), true},
			{"LetInAgain", green, fmt.Sprintf(`mutation { updatePerson(input: {id: %q, disabled: false}) { person { role } } }`, boss), true},
			{"LetInAgainByAdmin", admin, fmt.Sprintf(`mutation { updatePerson(input: {id: %q, disabled: false}) { person { role } } }`, boss), false},
		} {
			r := g.as(row.by, row.document, nil)
			if refused := r.code() == "FORBIDDEN"; refused != row.refused || !refused && r.code() != "" {
				t.Errorf("%s: refused %v, want %v: %s", row.name, refused, row.refused, r.body)
			}
			if row.refused && strings.Contains(r.data(), "rt_") {
				t.Errorf("%s: a secret in %s", row.name, r.body)
			}
		}
	})
}

func TestPeople(t *testing.T) {
	t.Parallel()
	eachAccessAPI(t, nil, func(t *testing.T, g *accessAPI) {
		admin := holder(domain.Admin)
		pat := g.person("pat", domain.Author)
		g.clock.Advance(time.Minute)
		g.person("ada", domain.Editor)
		list := g.query(admin, `{ people { totalCount nodes { name email issuer subject role clearance assignedRole assignedClearance disabledAt lastSeenAt createdAt } } }`)
		if got := list.list("people.nodes", "name"); got != "ada pat" || list.at("people.nodes.1.role") != "AUTHOR" || list.at("people.nodes.1.assignedRole") != nil {
			t.Errorf("got %s", list.body)
		}
		for _, row := range []struct{ input, want string }{
			{`role: EDITOR, clearance: AMBER`, "EDITOR AMBER EDITOR AMBER <nil>"},
			{`role: null`, "AUTHOR AMBER <nil> AMBER <nil>"},
			{`clearance: null, disabled: true`, "AUTHOR RED <nil> <nil> 2024-06-01T00:01:00Z"},
			{`disabled: false`, "AUTHOR RED <nil> <nil> <nil>"},
			{``, "AUTHOR RED <nil> <nil> <nil>"},
		} {
			r := g.query(admin, fmt.Sprintf(`mutation { updatePerson(input: {id: %q, %s}) { person { role clearance assignedRole assignedClearance disabledAt } } }`, pat, row.input))
			p := func(f string) any { return r.at("updatePerson.person." + f) }
			if got := fmt.Sprint(p("role"), " ", p("clearance"), " ", p("assignedRole"), " ", p("assignedClearance"), " ", p("disabledAt")); got != row.want {
				t.Errorf("%s: got %s, want %s", row.input, got, row.want)
			}
		}
		if n := len(g.entries(0)); n != 4 {
			t.Errorf("got %d entries, want one for each change and none for what changed nothing", n)
		}
		none := domain.NewID(domain.Person, clockStart)
		g.as(admin, fmt.Sprintf(`mutation { updatePerson(input: {id: %q, disabled: true}) { person { id } } }`, none), nil).refused("NOT_FOUND", "no person")
	})
}

// Without an issuer there are no people to update. A viewer without the right gets
// FORBIDDEN and no more.
func TestUpdatePersonWithoutPeople(t *testing.T) {
	t.Parallel()
	g := newAccessAPI(t, storetest.SQLite(t), func(c *graph.Config) { c.People = nil })
	document := fmt.Sprintf(`mutation { updatePerson(input: {id: %q, disabled: true}) { person { id } } }`, domain.NewID(domain.Person, clockStart))
	g.as(holder(domain.Admin), document, nil).refused("NOT_FOUND", "there is no person")
	g.as(holder(domain.Editor), document, nil).refused("FORBIDDEN", "ADMIN")
}

func TestPurge(t *testing.T) {
	t.Parallel()
	eachAccessAPI(t, nil, func(t *testing.T, g *accessAPI) {
		admin := holder(domain.Admin)
		g.query(editor, `mutation { createTag(input: {slug: "ports", label: "Ports", vocabulary: TOPIC}) { created } }`)
		id := g.query(editor, `mutation { createReport(input: {slug: "bravo", title: "Bravo", kind: BRIEF, language: "en", summary: "S.", body: "secretbody", tags: ["ports"]}) { report { id } } }`).
			at("createReport.report.id").(string)
		g.query(editor, `mutation { publish(input: {documents: ["report:bravo"], references: INCLUDE}) { state } }`)

		r := g.as(admin, `mutation { purge(input: {documents: ["report:bravo", "nothing", "tag:ports", "report:none"]}) { purged } }`, nil)
		if r.code() != "BAD_USER_INPUT" || r.paths() != "documents[0] documents[1] documents[2] documents[3]" {
			t.Errorf("what is not in the trash: got %s", r.body)
		}
		g.as(admin, `mutation { purge(input: {documents: []}) { purged } }`, nil).refused("BAD_USER_INPUT", "documents:")

		g.query(editor, `mutation { unpublish(input: {documents: ["report:bravo"]}) { state } }`)
		g.query(editor, `mutation { deleteReport(input: {id: "bravo"}) { deletedId } }`)
		g.as(editor, `mutation { purge(input: {documents: ["report:bravo"]}) { purged } }`, nil).refused("FORBIDDEN", "ADMIN")
		g.as(holder(domain.Admin, domain.ReadDesk, domain.WriteDrafts), `mutation { purge(input: {documents: ["report:bravo"]}) { purged } }`, nil).refused("FORBIDDEN", "PURGE")
		g.as(admin, `mutation { undelete(input: {document: "report:nothing"}) { changed } }`, nil)
		if r := g.query(editor, `{ trash { nodes { id slug } } }`); r.list("trash.nodes", "id") != id {
			t.Fatalf("got %s", r.body)
		}
		if got := g.query(holder(domain.Admin, domain.PurgeTrash), `mutation { purge(input: {documents: ["report:bravo", "report:bravo"]}) { purged } }`).at("purge.purged"); fmt.Sprint(got) != "["+id+"]" {
			t.Errorf("got %v", got)
		}
		for _, document := range []string{
			`{ trash { nodes { id } } }`, `query @inContext(stage: DESK) { report(slug: "bravo") { title } node(id: "` + id + `") { id } }`,
			`{ publicationLog { nodes { document { id ... on Report { body } } } } }`,
		} {
			if r := g.query(editor, document); strings.Contains(r.data(), id) || strings.Contains(r.body, "secretbody") {
				t.Errorf("%s still has it: %s", document, r.body)
			}
		}
		if r := g.query(editor, `{ publicationLog { nodes { documentId action } } }`); !strings.Contains(r.list("publicationLog.nodes", "documentId"), id) {
			t.Errorf("the publication log has forgotten it: %s", r.body)
		}
		g.as(editor, `mutation { undelete(input: {document: "report:bravo"}) { changed } }`, nil).refused("NOT_FOUND", "")
		if got := g.query(editor, `mutation { createReport(input: {slug: "bravo", title: "Bravo", kind: BRIEF, language: "en"}) { report { id } } }`).at("createReport.report.id"); got == id {
			t.Error("an id was given again")
		}
	})
}
