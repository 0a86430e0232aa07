package store

import (
	"context"
	"database/sql"

	"ariga.io/atlas/sql/migrate"
	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/schema"
)

// LiveReadDB is the pool behind the client of live.
func LiveReadDB(s *Stores) *sql.DB { return s.liveRead.db }

// LiveSnapshots is how many snapshots of live may be open at once.
func LiveSnapshots(s *Stores) int { return cap(s.liveRead.snapshots) }

// SchemaDrift returns the statements that would turn the tables as they are
// into the tables that are wanted.
func SchemaDrift(ctx context.Context, s *Stores, side string, want []*schema.Table) ([]string, error) {
	p := s.deskWrite
	if side == "live" {
		p = s.liveWrite
	}
	var plan []string
	m, err := schema.NewMigrate(entsql.OpenDB(s.dialect, p.db), append(SchemaOptions(s.dialect),
		schema.WithForeignKeys(side == "desk"),
		schema.WithDropColumn(true), schema.WithDropIndex(true),
		schema.WithApplyHook(func(schema.Applier) schema.Applier {
			return schema.ApplyFunc(func(_ context.Context, _ dialect.ExecQuerier, p *migrate.Plan) error {
				for _, change := range p.Changes {
					plan = append(plan, change.Cmd)
				}
				return nil
			})
		}))...)
	if err != nil {
		return nil, err
	}
	return plan, m.Create(ctx, want...)
}
