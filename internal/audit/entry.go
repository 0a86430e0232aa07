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

// Action is the kind of an action that was done or refused.
type Action string

// The actions. Their values are those of the API's enum AuditAction.
const (
	Create         Action = "CREATE"
	Update         Action = "UPDATE"
	Restore        Action = "RESTORE"
	Delete         Action = "DELETE"
	Undelete       Action = "UNDELETE"
	Purge          Action = "PURGE"
	Merge          Action = "MERGE"
	Withdraw       Action = "WITHDRAW"
	Publish        Action = "PUBLISH" // and unpublish: one release
	Schedule       Action = "SCHEDULE"
	CancelSchedule Action = "CANCEL_SCHEDULE"
	RebuildLive    Action = "REBUILD_LIVE"
	ResumeJobs     Action = "RESUME_JOBS"
	RestoreStores  Action = "RESTORE_STORES"
	// DryRun is a transaction that was rolled back, as its viewer had asked for.
	DryRun Action = "DRY_RUN"

	CreateKey         Action = "CREATE_KEY"
	RotateKey         Action = "ROTATE_KEY"
	UpdateKey         Action = "UPDATE_KEY"
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
	// DisableWebhook is an action of the program itself: the receiver has accepted no
	// request for days, or has responded that it is gone.
	DisableWebhook Action = "DISABLE_WEBHOOK"

	SendEdition   Action = "SEND_EDITION"
	TestEdition   Action = "SEND_TEST_EDITION"
	PauseSending  Action = "PAUSE_SENDING"
	ResumeSending Action = "RESUME_SENDING"
	StopSending   Action = "STOP_SENDING"

	ImportSubscribers Action = "IMPORT_SUBSCRIBERS"
	ExportSubscribers Action = "EXPORT_SUBSCRIBERS"
	EraseSubscriber   Action = "ERASE_SUBSCRIBER"
	SuppressAddress   Action = "SUPPRESS_ADDRESS"
	UnsuppressAddress Action = "UNSUPPRESS_ADDRESS"

	// RefuseCredential is the refusal of a known credential: expired, revoked,
	// disabled, or used from a network or origin where it may not be used.
	RefuseCredential Action = "REFUSE_CREDENTIAL"
	// RefuseRight is the refusal of an action that the viewer has no right to.
	RefuseRight Action = "REFUSE_RIGHT"
)

// Entry is an entry of the log. The actor, the network and the request are taken
// from the context.
type Entry struct {
	Action    Action
	Subject   string      // the object of the action if it is not a document, such as the id of a key
	Documents []domain.ID // the documents of the action
	Detail    string      // a text for people
}

const (
	// maxDocuments bounds the documents in one entry; the publication log has all of
	// them.
	maxDocuments = 1000
	maxText      = 500
)

// actor is the actor of an entry.
type actor struct {
	name    string
	id      domain.ID
	network string
	request string
}

func actorFrom(ctx context.Context) (actor, error) {
	viewer, err := domain.ViewerFrom(ctx)
	if err != nil {
		return actor{}, err
	}
	w := actor{name: viewer.Name, id: viewer.CredentialID(), request: domain.RequestID(ctx)}
	if !viewer.Authenticated() {
		w.name = "anonymous"
	}
	if network := domain.NetworkOf(domain.ClientFrom(ctx)); network.IsValid() {
		w.network = network.String()
	}
	return w, nil
}

// Append writes an entry in the transaction of the action.
func Append(ctx context.Context, tx *store.Tx, at time.Time, e Entry) error {
	w, err := actorFrom(ctx)
	if err != nil {
		return err
	}
	return appendEntry(ctx, tx, at, w, e, 1)
}

func appendEntry(ctx context.Context, tx *store.Tx, at time.Time, w actor, e Entry, times int) error {
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
	return store.ExecLater(ctx, tx, "append to the audit log", insert, at, string(e.Action), w.name, nullID(w.id), nullText(e.Subject),
		documents, nullText(e.Detail), nullText(w.network), nullText(w.request), times)
}

func nullID(id domain.ID) any {
	if id == 0 {
		return nil
	}
	return int64(id)
}

// nullText returns a text for the database: null if it is empty, cut to maxText
// bytes, and without NUL bytes and invalid UTF-8.
func nullText(s string) any {
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
