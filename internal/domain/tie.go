package domain

import (
	"cmp"
	"strings"
)

// ties are what is said between the ends of a relationship.
var ties = map[string]string{
	"OWNS": "owns", "CONTROLS": "controls", "SUBSIDIARY_OF": "is a subsidiary of", "DIRECTOR_OF": "is a director of",
	"OFFICER_OF": "is an officer of", "MEMBER_OF": "is a member of", "EMPLOYED_BY": "is employed by", "PARTNER_OF": "is a partner of",
	"JOINT_VENTURE_WITH": "has a joint venture with", "SUPPLIES": "supplies", "FUNDS": "funds", "LOCATED_IN": "is located in",
	"ISSUED_BY": "issued by", "AMENDS": "amends", "SUCCEEDS": "succeeds", "RELATED_TO": "is related to",
}

// TieName returns what is said between the names of the ends of a relationship of a kind:
// "owns".
func TieName(kind string) string { return cmp.Or(ties[kind], strings.ToLower(kind)) }
