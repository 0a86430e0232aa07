package backup_test

import (
	"errors"
	"testing"

	"github.com/redthread-api/redthread/internal/backup"
	"github.com/redthread-api/redthread/internal/domain"
)

// What is no dump is said to be none, whatever it is.
func FuzzVerifyDump(f *testing.F) {
	f.Add([]byte(`{"redthread":"dump","format":1}` + "\n" + `{"store":"desk","type":"tags","row":{"id":1}}` + "\n" + `{"end":{"rows":{"desk.tags":1},"sha256":"x"}}` + "\n"))
	f.Add([]byte("{\"redthread\":\"dump\",\"format\":1}"))
	f.Fuzz(func(t *testing.T, dump []byte) {
		if _, err := backup.VerifyDump(t.Context(), dump); err != nil && !errors.Is(err, domain.ErrInvalid) {
			t.Errorf("got %v", err)
		}
	})
}

func FuzzReadArchive(f *testing.F) {
	f.Add([]byte("age-encryption.org/v1\n"))
	f.Add([]byte("\x28\xb5\x2f\xfd"))
	f.Fuzz(func(t *testing.T, archive []byte) {
		if _, err := backup.ReadArchive(t.Context(), archive); !errors.Is(err, domain.ErrInvalid) {
			t.Errorf("got %v", err)
		}
	})
}
