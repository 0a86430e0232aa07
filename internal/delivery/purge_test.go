package delivery_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/delivery"
	"github.com/redthread-api/redthread/internal/dependency"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
)

// A webhook for purges gets one event for each release that changes public responses, with
// their cache tags, and none about documents unless it names these events as well.
func TestPurge(t *testing.T) {
	each(t, func(t *testing.T, s *testDesk) {
		r, documents := newReceiver(t), newReceiver(t)
		hook, _ := s.hook(delivery.CreateParams{URL: r.URL, Events: []delivery.Event{delivery.CachePurge}})
		s.hook(delivery.CreateParams{URL: documents.URL})
		tag := s.save(domain.Tag, editorial.Create, fields{"slug": "ports", "label": "Ports", "vocabulary": domain.TagVocabularies[0], "marking": "CLEAR"})
		secret := s.save(domain.Tag, editorial.Create, fields{"slug": "secret", "label": "Secret", "vocabulary": domain.TagVocabularies[0], "marking": "RED"})
		cranes := s.report("cranes", fields{"tags": []any{"ports", "secret"}})
		docks := s.report("docks")
		s.publish("cranes", "docks")
		s.advance(time.Minute)

		tags := tagsIn(t, s, r.take())
		for name, key := range map[string]dependency.Key{
			"everything": dependency.Everything, "all reports": dependency.List(domain.Report), "all tags": dependency.List(domain.Tag),
			"cranes": dependency.Document(cranes), "docks": dependency.Document(docks), "cranes by slug": dependency.Name(domain.Report, "cranes"),
			"the tag": dependency.Document(tag), "its reports": dependency.Referring(domain.Report, tag),
			"its reports by slug": dependency.ReferringToName(domain.Report, domain.Tag, "ports"),
		} {
			if !slices.Contains(tags, key.String()) {
				t.Errorf("the tag of %s is not in %v", name, tags)
			}
		}
		for name, key := range map[string]dependency.Key{
			"the hidden tag": dependency.Document(secret), "the hidden tag by slug": dependency.Name(domain.Tag, "secret"),
			"its reports": dependency.Referring(domain.Report, secret), "its reports by slug": dependency.ReferringToName(domain.Report, domain.Tag, "secret"),
			"all sources": dependency.List(domain.Source),
		} {
			if slices.Contains(tags, key.String()) {
				t.Errorf("the tag of %s is in %v", name, tags)
			}
		}
		if got := documents.takeSorted(); got != "report.published cranes, report.published docks, tag.published ports" {
			t.Errorf("the webhook for all events got %s", got)
		}

		// What nobody may see changes nothing public; what everybody saw is gone, also
		// for a webhook that has had no event of the document.
		s.report("plans", fields{"marking": "RED"})
		s.publish("plans")
		s.advance(time.Minute)
		if got := r.takeSummary(); got != "" {
			t.Errorf("a release of what is RED: got %s", got)
		}
		s.report("cranes", fields{"marking": "GREEN"})
		s.publish("cranes")
		s.advance(time.Minute)
		if tags := tagsIn(t, s, r.take()); !slices.Contains(tags, dependency.Document(cranes).String()) || slices.Contains(tags, dependency.Document(docks).String()) {
			t.Errorf("after cranes was marked GREEN: got %v", tags)
		}
		s.unpublish("docks")
		s.advance(time.Minute)
		if tags := tagsIn(t, s, r.take()); !slices.Contains(tags, dependency.Document(docks).String()) {
			t.Errorf("after docks was unpublished: got %v", tags)
		}
		for _, d := range s.deliveries(hook) {
			if d.Event != "cache.purge" || d.DocumentID != hook || d.State != domain.DeliveryDelivered {
				t.Errorf("got the delivery %+v", d)
			}
		}
	})
}

// tagsIn returns the tags of one purge.
func tagsIn(t *testing.T, s *testDesk, got []received) (tags []string) {
	t.Helper()
	if len(got) != 1 || got[0].Type != "cache.purge" || got[0].Data["everything"] != nil || got[0].Data["documentId"] != nil {
		t.Fatalf("got %+v, want one purge; the log:\n%s", got, s.log)
	}
	for _, tag := range got[0].Data["tags"].([]any) {
		tags = append(tags, fmt.Sprint(tag))
	}
	return tags
}

// A release of more documents than are recorded purges everything.
func TestPurgeOfALargeRelease(t *testing.T) {
	each(t, func(t *testing.T, s *testDesk) {
		r := newReceiver(t)
		s.hook(delivery.CreateParams{URL: r.URL, Events: []delivery.Event{delivery.CachePurge}})
		var slugs []string
		for i := range 520 {
			slugs = append(slugs, fmt.Sprint("report-", i))
			s.report(slugs[i])
		}
		s.publish(slugs...)
		s.advance(time.Minute)
		if got := r.take(); len(got) != 1 || got[0].Data["everything"] != true || got[0].Data["tags"] != nil {
			t.Errorf("got %+v", got)
		}
	})
}

// Only responses that are CLEAR have cache tags.
func TestPurgeIsOfWhatIsClear(t *testing.T) {
	each(t, func(t *testing.T, s *testDesk) {
		for _, events := range [][]delivery.Event{{delivery.CachePurge}, {delivery.Published, delivery.CachePurge}} {
			_, _, err := s.Create(s.admin(), delivery.CreateParams{URL: "https://cdn.example/purge", Events: events, MaxMarking: domain.Green})
			if !errors.Is(err, domain.ErrInvalid) {
				t.Errorf("%v with the ceiling GREEN: got %v", events, err)
			}
		}
		green := domain.Green
		hook, _ := s.hook(delivery.CreateParams{URL: "https://cdn.example/purge", Events: []delivery.Event{delivery.CachePurge}})
		if err := s.Update(s.admin(), delivery.UpdateParams{ID: hook, MaxMarking: &green}); !errors.Is(err, domain.ErrInvalid) {
			t.Errorf("a higher ceiling: got %v", err)
		}
		other, _ := s.hook(delivery.CreateParams{URL: "https://cdn.example/purge", MaxMarking: green})
		if err := s.Update(s.admin(), delivery.UpdateParams{ID: other, Events: &[]delivery.Event{delivery.CachePurge}}); !errors.Is(err, domain.ErrInvalid) {
			t.Errorf("purges with a ceiling: got %v", err)
		}
	})
}
