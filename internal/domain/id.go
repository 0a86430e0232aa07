package domain

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ID identifies a document, or a row that a document owns, on the desk and in
// live alike. It is made by the application and never reused.
//
// From the highest bit: one zero bit, 41 bits of milliseconds since
// 2020-01-01 UTC (enough until 2089), 8 bits of type code, and 14 bits that
// are random within the millisecond and do not repeat in one process. Two
// processes can collide; an insert that does is retried with another id.
//
// Outside the database an ID is its type's prefix, an underscore and 13
// characters of Crockford's base 32 in lower case: "rpt_0c6z9k3v7q2m8".
type ID int64

const (
	idTypeBits   = 8
	idRandomBits = 14
	idRandomMask = 1<<idRandomBits - 1
	idChars      = 13
)

var idEpoch = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

// crockford is the alphabet of https://www.crockford.com/base32.html.
const crockford = "0123456789abcdefghjkmnpqrstvwxyz"

// idSource hands out the low bits: a random start and a random odd step per
// millisecond walk all 2^14 values without repeating one.
type idSource struct {
	mu                  sync.Mutex
	milli               int64
	start, step, issued uint32
}

var ids idSource

// NewID returns a new id of type t that carries the time at.
func NewID(t Type, at time.Time) ID { return ids.next(t, at.UnixMilli()) }

func (s *idSource) next(t Type, milli int64) ID {
	s.mu.Lock()
	defer s.mu.Unlock()
	if milli > s.milli || s.issued > idRandomMask {
		// If the clock went back, or all values of the millisecond are used,
		// the next id takes the millisecond after the last one used.
		if milli <= s.milli {
			milli = s.milli + 1
		}
		var b [8]byte
		rand.Read(b[:]) // never fails: it crashes the program instead
		s.milli, s.issued = milli, 0
		s.start = binary.LittleEndian.Uint32(b[:4])
		s.step = binary.LittleEndian.Uint32(b[4:]) | 1
	}
	low := (s.start + s.issued*s.step) & idRandomMask
	s.issued++
	return ID((s.milli-idEpoch)<<(idTypeBits+idRandomBits) | int64(t)<<idRandomBits | int64(low))
}

// NamedID returns the id that a document of type t has by its name, the same at any time:
// for documents that take the place of a text. Its time is in the first three days of
// 2020, ahead of every id that was made by [NewID].
func NamedID(t Type, name string) ID {
	sum := sha256.Sum256([]byte(name))
	bits := binary.BigEndian.Uint64(sum[:8])
	milli := int64(bits >> (64 - 28))
	return ID(milli<<(idTypeBits+idRandomBits) | int64(t)<<idRandomBits | int64(bits&idRandomMask))
}

// BeginIDSeries makes the ids that follow a series of their own: they cannot be derived
// from ids of before, also where both carry the same time.
func BeginIDSeries() {
	ids.mu.Lock()
	defer ids.mu.Unlock()
	ids.issued = idRandomMask + 1
}

// Type returns the type of what the id identifies.
func (id ID) Type() Type { return Type(id >> idRandomBits) }

// Time returns when the id was made, to the millisecond.
func (id ID) Time() time.Time {
	return time.UnixMilli(int64(id)>>(idTypeBits+idRandomBits) + idEpoch).UTC()
}

// Packed returns the id without its type, in 55 bits: ids of one type have the order that they have as they are.
func (id ID) Packed() uint64 {
	return uint64(id)>>(idTypeBits+idRandomBits)<<idRandomBits | uint64(id)&idRandomMask
}

// UnpackID returns the id of a type of which [ID.Packed] returned packed.
func UnpackID(t Type, packed uint64) ID {
	return ID(packed>>idRandomBits<<(idTypeBits+idRandomBits) | uint64(t)<<idRandomBits | packed&idRandomMask)
}

// String returns the public form: prefix, underscore, 13 characters.
func (id ID) String() string { return string(id.Append(nil)) }

// Append appends the public form.
func (id ID) Append(dst []byte) []byte {
	var b [idChars]byte
	v := uint64(id)
	for i := idChars - 1; i >= 0; i-- {
		b[i] = crockford[v&31]
		v >>= 5
	}
	dst = append(dst, id.Type().Prefix()...)
	dst = append(dst, '_')
	return append(dst, b[:]...)
}

// ParseID parses the public form. The prefix must be that of the type code
// inside. Crockford's look-alikes (O, I, L) and capitals are accepted. The error
// is of KindInvalid.
func ParseID(s string) (ID, error) {
	prefix, rest, ok := strings.Cut(s, "_")
	if !ok || len(rest) != idChars {
		return 0, notAnID(s)
	}
	var v uint64
	for i := range len(rest) {
		d := crockfordDigit(rest[i])
		if d < 0 || i == 0 && d > 7 {
			return 0, notAnID(s)
		}
		v = v<<5 | uint64(d)
	}
	id := ID(v)
	if id.Type().Prefix() == "" || !strings.EqualFold(id.Type().Prefix(), prefix) {
		return 0, notAnID(s)
	}
	return id, nil
}

func notAnID(s string) error {
	return Invalid("%q is not an id: want a prefix such as \"rpt_\" and 13 characters", clip(s, 40))
}

func crockfordDigit(c byte) int {
	switch c {
	case 'o', 'O':
		return 0
	case 'i', 'I', 'l', 'L':
		return 1
	}
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return strings.IndexByte(crockford, c)
}

// LooksLikeID reports whether s has the form of an id of any type, so that an
// argument that takes an id or a slug can tell them apart: a slug has no
// underscore.
func LooksLikeID(s string) bool { return strings.IndexByte(s, '_') == 3 }

// MarshalText returns the public form.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText parses the public form.
func (id *ID) UnmarshalText(b []byte) error {
	v, err := ParseID(string(b))
	*id = v
	return err
}

// MarshalGQL writes the id as a GraphQL ID.
func (id ID) MarshalGQL(w io.Writer) { _, _ = io.WriteString(w, strconv.Quote(id.String())) }

// UnmarshalGQL reads a GraphQL ID.
func (id *ID) UnmarshalGQL(v any) error {
	s, ok := v.(string)
	if !ok {
		return Invalid("an id is a string, not %T", v)
	}
	return id.UnmarshalText([]byte(s))
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return fmt.Sprintf("%s…", strings.ToValidUTF8(s[:n], ""))
}
