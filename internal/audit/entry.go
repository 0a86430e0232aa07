package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// Action is what was done, or refused.
type Action string

// The actions. Their names are those of the API's enum AuditAction.
const (
	Create         Action = "CREATE"
	Update         Action = "UPDATE"
	Restore        Action = "RESTORE"
	Delete         Action = "DELETE"
	Undelete       Action = "UNDELETE"
	Purge          Action = "PURGE"
	Merge          Action = "MERGE"
	Publish        Action = "PUBLISH" // and unpublish: one release
	Schedule       Action = "SCHEDULE"
	CancelSchedule Action = "CANCEL_SCHEDULE"
	RebuildLive    Action = "REBUILD_LIVE"
	ResumeJobs     Action = "RESUME_JOBS"

	CreateKey         Action = "CREATE_KEY"
	RotateKey         Action = "ROTATE_KEY"
	RevokeKey         Action = "REVOKE_KEY"
	KeyFromNewNetwork Action = "KEY_FROM_NEW_NETWORK"
	SignIn            Action = "SIGN_IN"
	UpdatePerson      Action = "UPDATE_PERSON"
	RegisterDocuments Action = "REGISTER_DOCUMENTS"

	CreateWebhook   Action = "CREATE_WEBHOOK"
	UpdateWebhook   Action = "UPDATE_WEBHOOK"
	DeleteWebhook   Action = "DELETE_WEBHOOK"
	RotateWebhook   Action = "ROTATE_WEBHOOK_SECRET"
	TestWebhook     Action = "TEST_WEBHOOK"
	RetryDeliveries Action = "RETRY_WEBHOOK_DELIVERIES"
	// DisableWebhook is the program's own doing: the receiver has not
	// accepted anything for days, or said that it is gone.
	DisableWebhook Action = "DISABLE_WEBHOOK"

	// RefuseCredential is a credential that was known and opened nothing:
	// expired, revoked, disabled, or from where it may not be used.
	RefuseCredential Action = "REFUSE_CREDENTIAL"
	// RefuseRight is an act that the viewer has no right to.
	RefuseRight Action = "REFUSE_RIGHT"
)

// Actions lists all actions, in a fixed order.
var Actions = []Action{
	Create, Update, Restore, Delete, Undelete, Purge, Merge, Publish, Schedule, CancelSchedule, RebuildLive, ResumeJobs,
	CreateKey, RotateKey, RevokeKey, KeyFromNewNetwork, SignIn, UpdatePerson, RegisterDocuments,
	CreateWebhook, UpdateWebhook, DeleteWebhook, RotateWebhook, TestWebhook, RetryDeliveries, DisableWebhook,
	RefuseCredential, RefuseRight,
}

// Entry is what an act leaves behind. Who did it, from where and in which
// request is taken from the context.
type Entry struct {
	Action    Action
	Subject   string      // what it was done to, where that is no document: a key's id, a schedule's
	Documents []domain.ID // the documents that it was done to
	Detail    string      // in words, for a person
}

const (
	// maxDocuments bounds the documents that one entry lists; the publication
	// log has all of them.
	maxDocuments = 1000
	maxText      = 500
)

// who is the actor of an entry.
type who struct {
	name    string
	id      domain.ID
	network string
	request string
}

func whoOf(ctx context.Context) (who, error) {
	viewer, err := domain.ViewerFrom(ctx)
	if err != nil {
		return who{}, err
	}
	w := who{name: viewer.Name, id: viewer.CredentialID(), request: domain.RequestID(ctx)}
	if !viewer.Authenticated() {
		w.name = "anonymous"
	}
	if network := domain.NetworkOf(domain.ClientFrom(ctx)); network.IsValid() {
		w.network = network.String()
	}
	return w, nil
}

// Append writes an entry in the transaction that carries out the act.
func Append(ctx context.Context, tx *store.Tx, at time.Time, e Entry) error {
	w, err := whoOf(ctx)
	if err != nil {
		return err
	}
	return appendEntry(ctx, tx, at, w, e, 1)
}

func appendEntry(ctx context.Context, tx *store.Tx, at time.Time, w who, e Entry, times int) error {
	var documents any
	if len(e.Documents) > 0 {
		ids := e.Documents
		if len(ids) > maxDocuments {
			ids = ids[:maxDocuments]
			e.Detail = fmt.Sprintf("%s (%d documents, of which %d are listed)", e.Detail, len(e.Documents), maxDocuments)
		}
		names := make([]string, len(ids))
		for i, id := range ids {
			names[i] = id.String()
		}
		text, err := json.Marshal(names)
		if err != nil {
			return err
		}
		documents = string(text)
	}
	// Desk transactions run one after another, so the sequence has no gap.
	const insert = "INSERT INTO audit_entries (sequence, at, action, actor, actor_id, subject, documents, detail, network, request_id, times)" +
		" VALUES ((SELECT coalesce(max(sequence), 0) + 1 FROM audit_entries), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	_, err := tx.Exec(ctx, store.Bind(tx.Dialect(), insert), at, string(e.Action), w.name, optional(w.id), text(e.Subject),
		documents, text(e.Detail), text(w.network), text(w.request), times)
	if err != nil {
		return fmt.Errorf("append to the audit log: %w", err)
	}
	return nil
}

func optional(id domain.ID) any {
	if id == 0 {
		return nil
	}
	return int64(id)
}

// text is null where there is none, and never longer than is of use. What a
// database does not take for text is left out.
func text(s string) any {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "�")
	if s == "" {
		return nil
	}
	if len(s) > maxText {
		cut := maxText
		for !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	return s
}
