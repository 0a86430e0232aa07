package ddl

import (
	"slices"

	"entgo.io/ent/dialect/sql/schema"

	"github.com/redthread-api/redthread/ent/db/migrate"
)

// liveTables has the tables that only live has.
var liveTables = map[string]bool{"projection": true, "changes": true, "live_steps": true}

// deskTables has the tables that only the desk has.
var deskTables = map[string]bool{
	"revisions": true, "publication_entries": true, "publication_log": true, "schedules": true,
	"live_documents": true, "live_references": true, "mentions": true, "name_keys": true,
	"api_keys": true, "key_networks": true, "people": true, "audit_entries": true, "registered_documents": true,
	"webhooks": true, "webhook_deliveries": true, "idempotency_keys": true,
	"newsletter_keys": true, "subscribers": true, "subscription_requests": true, "subscriptions": true, "consents": true, "suppressions": true,
	"sendings": true, "sending_recipients": true,
}

// DeskTables returns the tables of the desk, as in the ent schema.
func DeskTables() ([]*schema.Table, error) {
	tables, err := selectTables(func(t *schema.Table) bool { return !liveTables[t.Name] })
	for _, t := range tables {
		t.Indexes = slices.DeleteFunc(t.Indexes, onlyInLive)
	}
	return tables, err
}

// onlyInLive reports whether an index is of no use on the desk: it has a copy of what the
// document has in live, or the effective marking behind another column than the date.
func onlyInLive(i *schema.Index) bool {
	var copied, marked bool
	for _, c := range i.Columns {
		copied = copied || c.Name == "owner_published"
		marked = marked || c.Name == "effective_marking"
	}
	return copied || marked && i.Columns[0].Name != "published_at"
}

// LiveTables returns the tables of live: the same documents and owned rows,
// without constraints that could refuse a row. A projection that is refused once
// would block all later ones, so live has no foreign keys and no unique index but
// the primary key.
func LiveTables() ([]*schema.Table, error) {
	tables, err := selectTables(func(t *schema.Table) bool { return !deskTables[t.Name] })
	for _, t := range tables {
		t.ForeignKeys = nil
		all := slices.Clone(t.Indexes)
		t.Indexes = slices.DeleteFunc(t.Indexes, func(i *schema.Index) bool {
			return slices.ContainsFunc(all, func(other *schema.Index) bool { return begins(other, i) })
		})
		for _, index := range t.Indexes {
			index.Unique = false
		}
		for _, column := range t.Columns {
			column.Unique = false
		}
	}
	return tables, err
}

// begins reports whether an index begins with all columns of another one, and goes on to the effective marking: then
// live does not need that one, which is the desk's.
func begins(long, short *schema.Index) bool {
	n := len(short.Columns)
	if len(long.Columns) <= n || long.Columns[n].Name != "effective_marking" {
		return false
	}
	for i, c := range short.Columns {
		if long.Columns[i].Name != c.Name {
			return false
		}
	}
	return true
}

func selectTables(keep func(*schema.Table) bool) ([]*schema.Table, error) {
	all, err := schema.CopyTables(migrate.Tables)
	if err != nil {
		return nil, err
	}
	var selected []*schema.Table
	for _, t := range all {
		if keep(t) {
			selected = append(selected, t)
		}
	}
	return selected, nil
}
