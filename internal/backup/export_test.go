package backup

import (
	"bytes"
	"context"
)

// VerifyDump reads a dump from its begin to its end.
func VerifyDump(ctx context.Context, dump []byte) (Totals, error) {
	_, totals, err := verify(ctx, bytes.NewReader(dump))
	return totals, err
}

// ReadArchive reads an archive that is not encrypted, without writing what is in it.
func ReadArchive(ctx context.Context, archive []byte) (Manifest, error) {
	return readArchive(ctx, bytes.NewReader(archive), "", nil)
}
