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

// maxMadeSlug is the longest slug that is made: shorter than one that is given may
// be, so that a number fits behind it.
const maxMadeSlug = 80

// Slugify makes a slug from a title: accents taken off, letters that are none of
// a to z written with those where that is usual (ø as o, ß as ss), digits of all
// scripts as 0 to 9, apostrophes left out, and everything else turned into a
// hyphen. It is empty for a title in another script.
func Slugify(title string) string {
	var b strings.Builder
	apart := false // something was left out since the last letter
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

// plainLetters is what a slug has for a character: letters a to z or a digit;
// nothing for what is neither.
func plainLetters(c rune) string {
	switch {
	case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		return string(c)
	case unicode.IsDigit(c):
		zero := c // the digits of a script are ten in a row, and some rows follow on others
		for unicode.IsDigit(zero - 1) {
			zero--
		}
		return string('0' + (c-zero)%10)
	}
	return latin[c]
}

// silent reports whether a character leaves no gap in a word: an accent, an
// apostrophe or a letter like one, as in Hawaiʻi, or a mark that is not seen.
func silent(c rune) bool {
	return unicode.In(c, unicode.Mn, unicode.Cf) || unicode.Is(unicode.Lm, c) || strings.ContainsRune("'\u2018\u2019\u201b\u2032\u0060\u00b7", c)
}

// slugOwner is the document that has a slug, now or formerly, in the trash or
// not; 0 where it is free.
func slugOwner(ctx context.Context, db store.Rows, t domain.Type, slug string) (owner domain.ID, former bool, err error) {
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

// slugTaken says, for an input, that another document has its slug.
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

// assignSlug sees to it that the document has a slug that is its own: the one
// given, or one made from the title.
func assignSlug(ctx context.Context, tx *store.Tx, s *aggregate.Spec, id domain.ID, r *aggregate.Row, p *domain.Problems) error {
	if given := r.Text("slug"); given != "" {
		owner, former, err := slugOwner(ctx, tx, s.Type, given)
		if err != nil {
			return err
		}
		if owner != 0 && owner != id {
			message, err := slugTaken(ctx, tx, owner, former)
			if err != nil {
				return err
			}
			p.Add("slug", "%s", message)
		}
		return nil
	}
	if p.Len() > 0 {
		return nil // what the slug would be made from may not be there
	}
	var failed error
	names := func(id domain.ID) string {
		slug, err := aggregate.SlugOf(ctx, tx, id)
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
		owner, _, err := slugOwner(ctx, tx, s.Type, slug)
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
