package store

import "context"

// writeSortKeysBulk is writeSortKeys in one statement, for PostgreSQL, where each
// statement is a round trip.
func writeSortKeysBulk(ctx context.Context, tx *Tx, key SortKey, ids []int64, texts []string, keys [][]byte) error {
	_, err := tx.Exec(ctx, "UPDATE "+key.Table+" d SET "+key.Column+" = v.made"+
		" FROM unnest($1::bigint[], $2::text[], $3::bytea[]) AS v (id, text, made)"+
		" WHERE d.id = v.id AND coalesce(d."+key.Text+", '') = v.text", ids, texts, keys)
	return err
}
