package content_test

import (
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/content"
	"github.com/redthread-api/redthread/internal/domain"
)

// What is published with a picture says what the picture shows, in texts and in
// assets; a draft need not.
func TestPicturesAreDescribedToBePublished(t *testing.T) {
	picture := func(d *desk, more fields) {
		d.save(domain.Asset, content.Create, merge(fields{"slug": "photo", "url": "https://example.org/a.png", "mediaType": "image/png"}, []fields{more}))
	}
	for _, tt := range []struct {
		name  string
		setUp func(d *desk)
		paths []string // of the fields that are not right; none where it may be published
		says  string
	}{
		{"Body", func(d *desk) { d.report("r", fields{"body": "Text.\n\n![ ](/a.png)"}) },
			[]string{"documents[0]"}, "report:r: body: line 3: an image has no alternative text"},
		{"BodyByReference", func(d *desk) { d.report("r", fields{"body": "![][a]\n\n[a]: /a.png"}) }, []string{"documents[0]"}, "line 1"},
		{"Note", func(d *desk) { d.report("r", fields{"body": "Text.[^1]\n\n[^1]: ![](/a.png)"}) }, []string{"documents[0]"}, "line 3"},
		{"Described", func(d *desk) { d.report("r", fields{"body": "![A crane](/a.png) ![[[acme]]](/b.png)"}) }, nil, ""},
		{"InCode", func(d *desk) { d.report("r", fields{"body": "`![](/a.png)`"}) }, nil, ""},
		{"Hero", func(d *desk) {
			picture(d, nil)
			d.report("r", fields{"hero": "photo"})
		}, []string{"documents[0]"}, "asset:photo: altText: a published picture has an alternative text"},
		{"Attachment", func(d *desk) {
			picture(d, nil)
			d.report("r", fields{"attachments": list("photo")})
		}, []string{"documents[0]"}, "asset:photo: altText"},
		{"DescribedAsset", func(d *desk) {
			picture(d, fields{"altText": "A crane"})
			d.report("r", fields{"hero": "photo"})
		}, nil, ""},
		{"AssetThatIsNoPicture", func(d *desk) {
			d.save(domain.Asset, content.Create, fields{"slug": "pdf", "url": "https://example.org/a.pdf", "mediaType": "application/pdf"})
			d.report("r", fields{"attachments": list("pdf")})
		}, nil, ""},
		{"TagThatGoesLiveWithIt", func(d *desk) {
			d.tag("root", fields{"description": "![](/a.png)"})
			d.tag("leaf", fields{"parent": "root"})
			d.report("r", fields{"tags": list("leaf")})
		}, []string{"documents"}, "tag:root: description: line 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			each(t, func(t *testing.T, d *desk) {
				d.entity("acme")
				d.publish("entity:acme")
				tt.setUp(d)
				_, err := d.Publish(d.ctx, content.PublishParams{Documents: []string{"report:r"}})
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
		d.save(domain.Edition, content.Create, fields{"slug": "one", "series": "S", "number": 1, "title": "T", "language": "en", "introduction": "![](/a.png)",
			"items": list(fields{"headline": "H", "summary": "S."}, fields{"headline": "H", "summary": "S.", "analysis": "Why.\n![](/b.png)"})})
		_, err := d.Publish(d.ctx, content.PublishParams{Documents: []string{"edition:one"}})
		wantFields(t, err, "documents[0]", "documents[0]")
		if err != nil && !strings.Contains(err.Error(), "items[1].analysis: line 2") {
			t.Errorf("got %v", err)
		}
	})
}

// A picture that is live does not lose its description.
func TestLivePicturesStayDescribed(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.save(domain.Asset, content.Create, fields{"slug": "photo", "url": "https://example.org/a.png", "mediaType": "image/png", "altText": "A crane"})
		d.tag("sea")
		d.report("r", fields{"hero": "photo", "tags": list("sea")})
		d.publish("report:r")
		for _, input := range []struct {
			doc   domain.Type
			field string
			value fields
		}{
			{domain.Asset, "altText", fields{"id": "photo", "altText": nil}},
			{domain.Tag, "description", fields{"id": "sea", "description": "![](/a.png)"}},
		} {
			_, err := d.Save(d.ctx, content.SaveParams{Type: input.doc, Mode: content.Update, Fields: input.value})
			wantFields(t, err, input.field)
		}
		d.save(domain.Asset, content.Update, fields{"id": "photo", "altText": "A red crane"})
	})
}

// What a note outside a report's body cites would be kept nowhere.
func TestNotesAreForTheBodyOfAReport(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		const noted = "Text.[^1]\n\n[^1]: A note."
		for _, input := range []struct {
			doc    domain.Type
			fields fields
			path   string
		}{
			{domain.Entity, fields{"slug": "x", "name": "X", "kind": "COMPANY", "description": noted}, "description"},
			{domain.Edition, fields{"slug": "x", "series": "S", "number": 1, "title": "T", "language": "en", "items": list(fields{"headline": "H", "summary": noted})}, "items[0].summary"},
		} {
			_, err := d.Save(d.ctx, content.SaveParams{Type: input.doc, Mode: content.Create, Fields: input.fields})
			wantFields(t, err, input.path)
		}
	})
}
