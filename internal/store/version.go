package store

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"strings"

	"modernc.org/sqlite"
)

// SQLiteVersion returns the version of SQLite that is part of the program, as SQLite says it.
func SQLiteVersion(ctx context.Context) (version string, err error) {
	c, err := sqlite.NewConnector(":memory:")
	if err != nil {
		return "", err
	}
	db := sql.OpenDB(c)
	defer db.Close()
	if err := db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version); err != nil {
		return "", fmt.Errorf("ask SQLite for its version: %w", err)
	}
	return version, nil
}

// SchemaVersions returns the version of the last migration of each store, by engine ("sqlite" or "postgresql") and by
// store ("desk" or "live").
func SchemaVersions() map[string]map[string]string {
	versions := map[string]map[string]string{}
	for engine, folder := range map[string]string{"sqlite": "sqlite", "postgresql": "postgres"} {
		versions[engine] = map[string]string{}
		for _, store := range []string{"desk", "live"} {
			files, _ := fs.Glob(migrations, "migrations/"+folder+"/"+store+"/*.sql") // the pattern is valid
			last := files[len(files)-1]
			versions[engine][store], _, _ = strings.Cut(last[strings.LastIndex(last, "/")+1:], "_")
		}
	}
	return versions
}
