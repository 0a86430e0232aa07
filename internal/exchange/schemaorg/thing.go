package schemaorg

import (
	"net/url"
	"regexp"

	"github.com/redthread-api/redthread/internal/domain"
)

// Thing is an entity.
type Thing struct {
	Kind        string // one of domain.EntityKinds
	URL         string // of its page on the site
	Name        string
	Homepage    string
	Start, End  domain.Date
	Identifiers []Identifier
}

// Identifier is the identifier of a thing in a register.
type Identifier struct{ Scheme, Value string }

// types has the types of schema.org for the kinds of entity. A PLATFORM can be a firm,
// a site or a program, so it is a Thing.
var types = map[string]string{
	"PERSON": "Person", "COMPANY": "Corporation", "ORGANIZATION": "Organization", "PUBLIC_BODY": "GovernmentOrganization",
	"COUNTRY": "Country", "PLACE": "Place", "LEGAL_INSTRUMENT": "Legislation", "PROJECT": "Project", "EVENT": "Event",
}

func (t Thing) node() object {
	kind := types[t.Kind]
	if kind == "" {
		kind = "Thing"
	}
	o := node(kind, t.URL).put("name", t.Name)
	if t.Kind == "EVENT" {
		o.put("startDate", t.Start).put("endDate", t.End)
	}
	var same []string
	if t.Homepage != "" {
		same = append(same, t.Homepage)
	}
	var identifiers []object
	for _, id := range t.Identifiers {
		if address := id.address(); address != "" {
			same = append(same, address)
		}
		identifiers = append(identifiers, object{"@type": "PropertyValue", "propertyID": id.Scheme, "value": id.Value})
	}
	return o.put("sameAs", same).put("identifier", identifiers)
}

func things(all []Thing) []object {
	var nodes []object
	for _, t := range all {
		nodes = append(nodes, t.node())
	}
	return nodes
}

// registers has the registers with a page about each thing, whose URL is the prefix
// and the identifier. The identifier must have the form.
var registers = map[string]struct {
	form   *regexp.Regexp
	prefix string
}{
	"WIKIDATA": {regexp.MustCompile(`^Q[1-9][0-9]*$`), "https://www.wikidata.org/entity/"},
	"LEI":      {regexp.MustCompile(`^[0-9A-Z]{18}[0-9]{2}$`), "https://search.gleif.org/#/record/"},
	"ORCID":    {regexp.MustCompile(`^(?:[0-9]{4}-){3}[0-9]{3}[0-9X]$`), "https://orcid.org/"},
	"ROR":      {regexp.MustCompile(`^0[0-9a-z]{6}[0-9]{2}$`), "https://ror.org/"},
	"ISNI":     {regexp.MustCompile(`^[0-9]{15}[0-9X]$`), "https://isni.org/isni/"},
}

// address returns the URL of the page of the register about the identified thing;
// empty if none is known.
func (id Identifier) address() string {
	if r, ok := registers[id.Scheme]; ok && r.form.MatchString(id.Value) {
		return r.prefix + url.PathEscape(id.Value)
	}
	return ""
}
