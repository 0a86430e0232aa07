package domain

// The closed lists of terms. They are the values of the GraphQL enums of the
// same names; a test holds the two together.
var (
	ReportKinds         = []string{"RESEARCH", "BRIEF", "CASE_STUDY", "TYPOLOGY", "LEGAL_ANALYSIS"}
	ResearchMethods     = []string{"OSINT", "CSINT", "HUMINT", "GEOINT", "FININT", "SOCMINT", "LEGAL_RESEARCH", "DATA_ANALYSIS", "INTERVIEWS"}
	ContributionRoles   = []string{"AUTHOR", "ANALYST", "EDITOR", "REVIEWER", "PARTNER"}
	NarrativeStatuses   = []string{"EMERGING", "ACTIVE", "DORMANT", "RETIRED"}
	EntityKinds         = []string{"PERSON", "COMPANY", "ORGANIZATION", "PUBLIC_BODY", "COUNTRY", "PLACE", "LEGAL_INSTRUMENT", "PROJECT", "PLATFORM", "EVENT"}
	NameKinds           = []string{"ALIAS", "FORMER", "TRANSLITERATION", "TRANSLATION", "ABBREVIATION"}
	RelationshipKinds   = []string{"OWNS", "CONTROLS", "SUBSIDIARY_OF", "DIRECTOR_OF", "OFFICER_OF", "MEMBER_OF", "EMPLOYED_BY", "PARTNER_OF", "JOINT_VENTURE_WITH", "SUPPLIES", "FUNDS", "LOCATED_IN", "ISSUED_BY", "AMENDS", "SUCCEEDS", "RELATED_TO"}
	Confidences         = []string{"CONFIRMED", "PROBABLE", "POSSIBLE"}
	TagVocabularies     = []string{"TOPIC", "REGION", "SECTOR", "TECHNIQUE", "CAMPAIGN"}
	SourceReliabilities = []string{"A", "B", "C", "D", "E", "F"}
	Cadences            = []string{"WEEKLY", "FORTNIGHTLY", "MONTHLY", "QUARTERLY", "IRREGULAR"}
	PublicationActions  = []string{"PUBLISH", "UNPUBLISH"}
	ReferencePolicies   = []string{"REFUSE", "INCLUDE", "OMIT"}
	ScheduleStatuses    = []string{"PENDING", "DONE", "FAILED", "CANCELLED"}
)
