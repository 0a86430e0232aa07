package backup

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"strconv"
	"time"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// dumpFormat is the version of the form of dumps.
const dumpFormat = 1

// header is the first line of a dump.
type header struct {
	Dump    string            `json:"redthread"` // "dump"
	Format  int               `json:"format"`
	Version string            `json:"version"` // of the program
	At      time.Time         `json:"at"`
	Schema  map[string]string `json:"schema"` // the last migration of each store, by name
}

// footer is the last line of a dump.
type footer struct {
	End *Totals `json:"end"`
}

// Totals are the counts of a dump.
type Totals struct {
	Rows map[string]int64 `json:"rows"` // by "desk.reports" and the like; tables without rows are left out
	// SHA256 is that of all bytes before the last line, in hexadecimal digits.
	SHA256 string `json:"sha256"`
	// At is when the dump was made, as its header says.
	At time.Time `json:"-"`
}

// Sum returns how many rows there are in all.
func (t Totals) Sum() int64 {
	var sum int64
	for _, n := range t.Rows {
		sum += n
	}
	return sum
}

// DumpParams say how a dump is labelled and followed.
type DumpParams struct {
	Version  string            // of the program
	Now      time.Time         // of the dump
	Progress func(count int64) // called with the number of rows so far, for each; may be nil
}

// Dump writes everything that the stores hold, except for what is made from it (the search index, jobs), as
// lines of JSON: a header, a line for each row, and a last line with counts and a checksum. A row is
//
//	{"store":"desk","type":"reports","row":{"id":1,"slug":"a",…}}
//
// with instants in RFC 3339, bytes in base64 and NULL as null. The lines are the same from both engines, except for the
// header. Servers may read and write meanwhile: each store is read in one snapshot, live before the desk, so that live is
// never ahead of the publication log.
func Dump(ctx context.Context, stores *store.Stores, to io.Writer, p DumpParams) (Totals, error) {
	sum := sha256.New()
	w := bufio.NewWriterSize(io.MultiWriter(to, sum), 1<<16)
	totals := Totals{Rows: map[string]int64{}}
	schema, err := schemaOf(ctx, stores)
	if err != nil {
		return totals, err
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(header{Dump: "dump", Format: dumpFormat, Version: p.Version, At: p.Now.UTC(), Schema: schema}); err != nil {
		return totals, fmt.Errorf("write the dump: %w", err)
	}
	var line []byte
	var count int64
	for _, stage := range []domain.Stage{domain.Live, domain.Desk} {
		err := stores.ReadRows(ctx, stage, func(t *db.Table, values []any) error {
			var err error
			if line, err = appendRow(line[:0], stage, t, values); err != nil {
				return err
			}
			if _, err := w.Write(line); err != nil {
				return fmt.Errorf("write the dump: %w", err)
			}
			totals.Rows[qualified(stage, t.Name)]++
			if count++; p.Progress != nil {
				p.Progress(count)
			}
			return nil
		})
		if err != nil {
			return totals, fmt.Errorf("dump %s: %w", stageName(stage), err)
		}
	}
	if err := w.Flush(); err != nil {
		return totals, fmt.Errorf("write the dump: %w", err)
	}
	totals.SHA256 = hexSum(sum)
	if err := json.NewEncoder(to).Encode(footer{&totals}); err != nil {
		return totals, fmt.Errorf("write the dump: %w", err)
	}
	return totals, nil
}

func hexSum(sum hash.Hash) string { return hex.EncodeToString(sum.Sum(nil)) }

func stageName(stage domain.Stage) string {
	if stage == domain.Live {
		return "live"
	}
	return "desk"
}

func qualified(stage domain.Stage, table string) string { return stageName(stage) + "." + table }

// schemaOf returns the name of the last migration of each store, without those of the tables of jobs, which are not moved. The
// versions of migrations differ between engines.
func schemaOf(ctx context.Context, stores *store.Stores) (map[string]string, error) {
	all, err := stores.Migrations(ctx)
	if err != nil {
		return nil, err
	}
	schema := map[string]string{}
	for _, m := range all {
		if m.Applied.IsZero() {
			return nil, domain.Conflict("the schema has pending migrations: run \"redthread migrate up\" first")
		}
		if !m.OfJobs() {
			schema[m.Store] = m.Name
		}
	}
	return schema, nil
}

// appendRow appends the line of a row.
func appendRow(line []byte, stage domain.Stage, t *db.Table, values []any) ([]byte, error) {
	line = append(line, `{"store":"`...)
	line = append(line, stageName(stage)...)
	line = append(line, `","type":"`...)
	line = append(line, t.Name...)
	line = append(line, `","row":{`...)
	for i, v := range values {
		if i > 0 {
			line = append(line, ',')
		}
		line = append(line, '"')
		line = append(line, t.Columns[i].Name...)
		line = append(line, `":`...)
		var err error
		if line, err = appendValue(line, v); err != nil {
			return line, fmt.Errorf("%s of row %v of %s: %w", t.Columns[i].Name, values[0], t.Name, err)
		}
	}
	return append(line, "}}\n"...), nil
}

func appendValue(line []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(line, "null"...), nil
	case int64:
		return strconv.AppendInt(line, v, 10), nil
	case bool:
		return strconv.AppendBool(line, v), nil
	case float64:
		return strconv.AppendFloat(line, v, 'g', -1, 64), nil
	case []byte:
		line = append(line, '"')
		line = base64.StdEncoding.AppendEncode(line, v)
		return append(line, '"'), nil
	case json.RawMessage:
		return append(line, v...), nil
	case time.Time:
		line = append(line, '"')
		line = v.AppendFormat(line, time.RFC3339Nano)
		return append(line, '"'), nil
	case string:
		quoted, err := json.Marshal(v)
		return append(line, quoted...), err
	}
	return line, fmt.Errorf("no form for a value of type %T", v)
}
