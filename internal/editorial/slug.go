package editorial

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// maxMadeSlug is the maximum length of a generated slug: shorter than that of a slug
// in an input, so that a number can be appended.
const maxMadeSlug = 80

// Slugify returns a slug made from a title: accents are removed, other letters than
// a to z are written with those where that is usual (ø as o, ß as ss), digits of all
// scripts become 0 to 9, apostrophes are left out, and everything else becomes a
// hyphen. The slug is empty for a title in another script.
func Slugify(title string) string {
	var b strings.Builder
	apart := false // a character was left out since the last letter
	for _, c := range strings.ToLower(norm.NFKD.String(strings.ToLower(title))) {
		plain := plainLetters(c)
		switch {
		case plain != "":
			if apart && b.Len() > 0 {
				b.WriteByte('-')
			}
			b.WriteString(plain)
			apart = false
		case !silent(c):
			apart = true
		}
		if b.Len() >= maxMadeSlug {
			break
		}
	}
	slug := b.String()
	return strings.TrimRight(slug[:min(len(slug), maxMadeSlug)], "-")
}

// plainLetters returns what stands for a character in a slug: letters a to z or a
// digit; "" if the character is neither a letter nor a digit.
func plainLetters(c rune) string {
	switch {
	case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		return string(c)
	case unicode.IsDigit(c):
		zero := c // a script's digits are ten in a row; the rows of some scripts are adjacent
		for unicode.IsDigit(zero - 1) {
			zero--
		}
		return string('0' + (c-zero)%10)
	}
	return latin[c]
}

// silent reports whether a character leaves no gap in a word: an accent, an
// apostrophe or a letter like one, as in Hawaiʻi, or an invisible mark.
func silent(c rune) bool {
	return unicode.In(c, unicode.Mn, unicode.Cf) || unicode.Is(unicode.Lm, c) || strings.ContainsRune("'\u2018\u2019\u201b\u2032\u0060\u00b7", c)
}

// slugOwner returns the document that has a slug, now or formerly, in the trash or
// not; 0 if the slug is free.
func slugOwner(ctx context.Context, db store.Rows, t domain.Type, slug string) (owner domain.ID, former bool, err error) {
	if names, ok := db.(*aggregate.NameCache); ok && names.Free(t, slug) {
		return 0, false, nil
	}
	query := "SELECT id, 0 FROM " + aggregate.TableOf(t).Name + " WHERE slug = ?" +
		" UNION ALL SELECT document_id, 1 FROM aliases WHERE type = ? AND slug = ?"
	err = store.QueryRows(ctx, db, query, []any{slug, int64(t), slug}, func(rows *sql.Rows) error {
		var id domain.ID
		var was int
		if err := rows.Scan(&id, &was); err != nil {
			return err
		}
		if owner == 0 {
			owner, former = id, was == 1
		}
		return nil
	})
	return owner, former, err
}

// slugTaken returns the message that another document has the slug of an input.
func slugTaken(ctx context.Context, db store.Rows, owner domain.ID, former bool) (string, error) {
	metas, err := aggregate.ReadMeta(ctx, db, []domain.ID{owner})
	if err != nil {
		return "", err
	}
	name, suffix := owner.String(), ""
	if meta := metas[owner]; meta != nil {
		name = owner.Type().String() + ":" + meta.Slug
		if meta.Deleted {
			suffix = ", which is in the trash"
		}
	}
	if former {
		return fmt.Sprintf("was the slug of %s, and still leads there%s", name, suffix), nil
	}
	return fmt.Sprintf("is the slug of %s%s", name, suffix), nil
}

// assignSlug gives the document a slug that no other document has: the one in the
// input, or one made from the title.
func assignSlug(ctx context.Context, db store.Rows, s *aggregate.Spec, id domain.ID, r *aggregate.Row, p *domain.Problems) error {
	if given := r.Text("slug"); given != "" {
		owner, former, err := slugOwner(ctx, db, s.Type, given)
		if err != nil {
			return err
		}
		if owner != 0 && owner != id {
			message, err := slugTaken(ctx, db, owner, former)
			if err != nil {
				return err
			}
			p.Add("slug", "%s", message)
		}
		return nil
	}
	if p.Len() > 0 {
		return nil // the title, from which the slug is made, may be missing
	}
	var failed error
	names := func(id domain.ID) string {
		slug, err := aggregate.SlugOf(ctx, db, id)
		if failed == nil {
			failed = err
		}
		return slug
	}
	base := Slugify(s.Title(r, names))
	if failed != nil {
		return failed
	}
	if base == "" {
		p.Add("slug", "none can be made from what the document is called: give one of lower-case letters a to z, digits and hyphens")
		return nil
	}
	for n := 1; n < 1000; n++ {
		slug := base
		if n > 1 {
			slug = fmt.Sprintf("%s-%d", base, n)
		}
		owner, _, err := slugOwner(ctx, db, s.Type, slug)
		if err != nil {
			return err
		}
		if owner == 0 || owner == id {
			r.Set("slug", slug)
			return nil
		}
	}
	p.Add("slug", "give one: too many documents have the same title")
	return nil
}
