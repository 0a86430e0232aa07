package aggregate

import (
	"encoding/json"
	"fmt"

	"github.com/redthread-api/redthread/internal/domain"
)

// upgrades has, for each earlier form n of snapshots, what changed between form n and
// form n+1, by type of document: a function that changes the decoded JSON of a snapshot.
// A type that is not there has not changed.
var upgrades = map[int64]map[domain.Type]func(snapshot map[string]any) error{
	1: {domain.Edition: referToSeries},
	2: {domain.Narrative: describePlatforms},
}

// upgradeForm returns a decoded snapshot as JSON of the next form.
func upgradeForm(in map[string]any, form int64) (json.RawMessage, error) {
	name, _ := in["type"].(string)
	t, _ := domain.ParseType(name)
	if upgrade := upgrades[form][t]; upgrade != nil {
		if err := upgrade(in); err != nil {
			return nil, err
		}
	}
	in["schema"] = form + 1
	return json.Marshal(in)
}

// unchangedSince reports whether snapshots of a type of document are the same in a form
// and in the present one, but for its number.
func unchangedSince(form int64, t domain.Type) bool {
	if form < 1 || form > snapshotSchema || !t.IsDocument() {
		return false
	}
	for ; form < snapshotSchema; form++ {
		if upgrades[form][t] != nil {
			return false
		}
	}
	return true
}

// SeriesNamed returns the id of the series that takes the place of a name: until form 1 an
// edition had the name of its series as a text. The desk makes these series when it is
// opened for the first time since.
func SeriesNamed(name string) domain.ID { return domain.NamedID(domain.Series, name) }

// referToSeries replaces the name of an edition's series by the id of [SeriesNamed].
func referToSeries(snapshot map[string]any) error {
	root, _ := snapshot["root"].(map[string]any)
	fields, _ := root["fields"].(map[string]any)
	name, ok := fields["series"].(string)
	if !ok {
		return fmt.Errorf("the edition has no series")
	}
	delete(fields, "series")
	fields["series_id"] = SeriesNamed(name).String()
	return nil
}

// SeriesNameIn returns the name of the series in the snapshot of an edition that is of a
// form in which it was a text; "" in one of a later form.
func SeriesNameIn(snapshot []byte) (string, error) {
	var in struct {
		Schema int64
		Root   struct{ Fields struct{ Series string } }
	}
	if err := json.Unmarshal(snapshot, &in); err != nil {
		return "", fmt.Errorf("read the series of an edition: %w", err)
	}
	if in.Schema > 1 {
		return "", nil
	}
	return in.Root.Fields.Series, nil
}

// describePlatforms puts the platform of an observation before its description: until form 2 it was a text, and no
// entity can be made of that.
func describePlatforms(snapshot map[string]any) error {
	root, _ := snapshot["root"].(map[string]any)
	owned, _ := root["owned"].(map[string]any)
	observations, _ := owned["observations"].([]any)
	for _, o := range observations {
		row, _ := o.(map[string]any)
		fields, _ := row["fields"].(map[string]any)
		if platform, ok := fields["platform"].(string); ok {
			description, _ := fields["description"].(string)
			fields["description"] = platform + ": " + description
			delete(fields, "platform")
		}
	}
	return nil
}
