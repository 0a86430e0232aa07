package editorial_test

import (
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
)

// What is published with a picture says what the picture shows, in texts and in
// assets; a draft need not.
func TestPicturesAreDescribedToBePublished(t *testing.T) {
	picture := func(d *desk, more fields) {
		d.MustSave(domain.Asset, editorial.Create, merge(fields{"slug": "photo", "url": "https://example.org/a.png", "mediaType": "image/png"}, []fields{more}))
	}
	for _, tt := range []struct {
		name  string
		setUp func(d *desk)
		paths []string // of the fields that are not right; none where it may be published
		says  string
	}{
		{"Body", func(d *desk) { d.Report("r", fields{"body": "Text.\n\n![ ](/a.png)"}) },
			[]string{"documents[0]"}, "report:r: body: line 3: an image has no alternative text"},
		{"BodyByReference", func(d *desk) { d.Report("r", fields{"body": "![][a]\n\n[a]: /a.png"}) }, []string{"documents[0]"}, "line 1"},
		{"Note", func(d *desk) { d.Report("r", fields{"body": "Text.[^1]\n\n[^1]: ![](/a.png)"}) }, []string{"documents[0]"}, "line 3"},
		{"Described", func(d *desk) { d.Report("r", fields{"body": "![A crane](/a.png) ![[[acme]]](/b.png)"}) }, nil, ""},
		{"InCode", func(d *desk) { d.Report("r", fields{"body": "`![](/a.png)`"}) }, nil, ""},
		{"Hero", func(d *desk) {
			picture(d, nil)
			d.Report("r", fields{"hero": "photo"})
		}, []string{"documents[0]"}, "asset:photo: altText: a published picture has an alternative text"},
		{"Attachment", func(d *desk) {
			picture(d, nil)
			d.Report("r", fields{"attachments": list("photo")})
		}, []string{"documents[0]"}, "asset:photo: altText"},
		{"DescribedAsset", func(d *desk) {
			picture(d, fields{"altText": "A crane"})
			d.Report("r", fields{"hero": "photo"})
		}, nil, ""},
		{"AssetThatIsNoPicture", func(d *desk) {
			d.MustSave(domain.Asset, editorial.Create, fields{"slug": "pdf", "url": "https://example.org/a.pdf", "mediaType": "application/pdf"})
			d.Report("r", fields{"attachments": list("pdf")})
		}, nil, ""},
		{"TagThatGoesLiveWithIt", func(d *desk) {
			d.Tag("root", fields{"description": "![](/a.png)"})
			d.Tag("leaf", fields{"parent": "root"})
			d.Report("r", fields{"tags": list("leaf")})
		}, []string{"documents"}, "tag:root: description: line 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			each(t, func(t *testing.T, d *desk) {
				d.Entity("acme")
				d.MustPublish("entity:acme")
				tt.setUp(d)
				_, err := d.Publish(d.Ctx, editorial.PublishParams{Documents: []string{"report:r"}})
				if len(tt.paths) == 0 {
					if err != nil {
						t.Error(err)
					}
					return
				}
				wantFields(t, err, tt.paths...)
				if err != nil && !strings.Contains(err.Error(), tt.says) {
					t.Errorf("got %v, want %q in it", err, tt.says)
				}
			})
		})
	}
}

// Items of an edition are texts as well.
func TestPicturesInItemsAreDescribed(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Series("s")
		d.MustSave(domain.Edition, editorial.Create, fields{"slug": "one", "series": "s", "number": 1, "title": "T", "language": "en", "introduction": "![](/a.png)",
			"items": list(fields{"headline": "H", "summary": "S."}, fields{"headline": "H", "summary": "S.", "analysis": "Why.\n![](/b.png)"})})
		_, err := d.Publish(d.Ctx, editorial.PublishParams{Documents: []string{"edition:one"}})
		wantFields(t, err, "documents[0]", "documents[0]")
		if err != nil && !strings.Contains(err.Error(), "items[1].analysis: line 2") {
			t.Errorf("got %v", err)
		}
	})
}

// A picture that is live does not lose its description.
func TestLivePicturesStayDescribed(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.MustSave(domain.Asset, editorial.Create, fields{"slug": "photo", "url": "https://example.org/a.png", "mediaType": "image/png", "altText": "A crane"})
		d.Tag("sea")
		d.Report("r", fields{"hero": "photo", "tags": list("sea")})
		d.MustPublish("report:r")
		for _, input := range []struct {
			doc   domain.Type
			field string
			value fields
		}{
			{domain.Asset, "altText", fields{"id": "photo", "altText": nil}},
			{domain.Tag, "description", fields{"id": "sea", "description": "![](/a.png)"}},
		} {
			_, err := d.Save(d.Ctx, editorial.SaveParams{Type: input.doc, Mode: editorial.Update, Fields: input.value})
			wantFields(t, err, input.field)
		}
		d.MustSave(domain.Asset, editorial.Update, fields{"id": "photo", "altText": "A red crane"})
	})
}

// What a note outside a report's body cites would not be stored.
func TestNotesAreForTheBodyOfAReport(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Series("s")
		const noted = "Text.[^1]\n\n[^1]: A note."
		for _, input := range []struct {
			doc    domain.Type
			fields fields
			path   string
		}{
			{domain.Entity, fields{"slug": "x", "name": "X", "kind": "COMPANY", "description": noted}, "description"},
			{domain.Edition, fields{"slug": "x", "series": "s", "number": 1, "title": "T", "language": "en", "items": list(fields{"headline": "H", "summary": noted})}, "items[0].summary"},
		} {
			_, err := d.Save(d.Ctx, editorial.SaveParams{Type: input.doc, Mode: editorial.Create, Fields: input.fields})
			wantFields(t, err, input.path)
		}
	})
}
