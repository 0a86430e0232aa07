package analysis

import "strings"

// american returns the American spelling of an English word in lower case: harbour
// and harbor, organisation and organization have the same stem then. It is made
// for search, not for print: a word that both countries spell alike may come out
// as something else (a judgement that is no word), if that meets no other word.
func american(word string) string {
	if w, ok := words[word]; ok {
		return w
	}
	if len(word) < 4 {
		return word
	}
	if stem, ok := strings.CutSuffix(word, "s"); ok {
		if w, ok := words[stem]; ok {
			return w + "s"
		}
	}
	word = replaceOur(word)
	word = replaceRe(word)
	word = replaceIse(word)
	word = replaceDoubled(word)
	return replaceDiphthong(word)
}

// words are spellings that follow no rule. Their plurals in -s are found by it.
var words = map[string]string{
	"programme": "program", "cheque": "check", "chequebook": "checkbook", "tyre": "tire", "kerb": "curb", "grey": "gray", "greyer": "grayer",
	"plough": "plow", "ploughed": "plowed", "ploughing": "plowing", "draught": "draft", "mould": "mold", "moulded": "molded", "moulding": "molding",
	"sceptic": "skeptic", "sceptical": "skeptical", "scepticism": "skepticism", "jewellery": "jewelry", "aluminium": "aluminum",
	"ageing": "aging", "judgement": "judgment", "acknowledgement": "acknowledgment", "moustache": "mustache", "pyjamas": "pajamas",
	"defence": "defense", "defenceless": "defenseless", "offence": "offense", "pretence": "pretense", "licence": "license",
	"practise": "practice", "practised": "practiced", "practising": "practicing",
	"catalogue": "catalog", "catalogued": "cataloged", "cataloguing": "cataloging", "dialogue": "dialog", "analogue": "analog",
	"aeroplane": "airplane", "artefact": "artifact", "instalment": "installment", "fulfil": "fulfill", "fulfilment": "fulfillment",
	"enrol": "enroll", "enrolment": "enrollment", "skilful": "skillful", "wilful": "willful", "distil": "distill", "instil": "instill",
	"analyse": "analyze", "analysed": "analyzed", "analysing": "analyzing", "analyser": "analyzer",
	"paralyse": "paralyze", "paralysed": "paralyzed", "paralysing": "paralyzing",
	"catalyse": "catalyze", "catalysed": "catalyzed", "catalysing": "catalyzing",
	// Legal forms, which are abbreviated in one text and not in the next.
	"ltd": "limited", "corp": "corporation", "inc": "incorporated", "co": "company",
	// Plurals of -is, which a stemmer keeps apart from the singular.
	"analyses": "analysis", "crises": "crisis", "theses": "thesis", "hypotheses": "hypothesis", "diagnoses": "diagnosis",
	"syntheses": "synthesis", "parentheses": "parenthesis", "prognoses": "prognosis",
	"manoeuvre": "maneuver", "manoeuvred": "maneuvered", "manoeuvring": "maneuvering", "sulphur": "sulfur", "sulphate": "sulfate",
	"centred": "centered", "centring": "centering", "calibre": "caliber", "sabre": "saber", "spectre": "specter", "meagre": "meager",
	"lustre": "luster", "sombre": "somber", "sceptre": "scepter",
}

// ours are the beginnings of words in -our that America spells with -or.
var ours = set(`
	arb ard arm behavi cand clam col dem demean discol dishon disfav enam endeav fav ferv flav glam harb hon hum lab
	belab misdemean neighb od parl ranc rig rum sav savi splend succ tum val vap vig misbehavi`)

// replaceOur replaces -our- after one of its beginnings. Pour, four, hour, tour and
// source are none.
func replaceOur(word string) string {
	i := strings.Index(word, "our")
	if i < 2 || !ours[word[:i]] {
		return word
	}
	return word[:i] + "or" + word[i+3:]
}

// replaceRe replaces the -re of centre and of units.
func replaceRe(word string) string {
	base, plural := strings.CutSuffix(word, "s")
	for _, end := range [...]string{"centre", "metre", "litre", "theatre", "fibre"} {
		if strings.HasSuffix(base, end) {
			base = base[:len(base)-2] + "er"
			if plural {
				base += "s"
			}
			return base
		}
	}
	return word
}

// iseEndings are the forms of verbs in -ise, and what they are in -ize.
var iseEndings = [...]struct{ british, american string }{
	{"isations", "izations"}, {"isation", "ization"}, {"isational", "izational"},
	{"ised", "ized"}, {"ises", "izes"}, {"iser", "izer"}, {"isers", "izers"}, {"ising", "izing"}, {"ise", "ize"},
}

// notIse are the words in -ise that have no suffix, and so no z.
var notIse = set(`
	advertise advise anise appraise apprise arise braise bruise chastise chemise circumcise comprise compromise concise
	cruise demise despise devise disguise enfranchise disenfranchise enterprise excise exercise exorcise expertise
	franchise guise improvise incise liaise malaise marquise merchandise mortise noise paradise poise porpoise praise
	precise premise promise raise reprise revise rise sunrise supervise surmise surprise televise tortoise treatise
	turquoise valise wise likewise otherwise clockwise anticlockwise counterclockwise lengthwise stepwise pairwise
	mayonnaise upraise cerise imprecise overexercise uprise highrise moonrise prise unwise streetwise edgewise coastwise
	crosswise bourgeoise louise denise elise eloise moise cochise hollandaise chaise fraise`)

// replaceIse replaces the s of the suffix -ise. Enterprise, promise and rise have
// none.
func replaceIse(word string) string {
	for _, e := range iseEndings {
		base, ok := strings.CutSuffix(word, e.british)
		if !ok || len(base) < 3 || notIse[base+"ise"] {
			continue
		}
		return base + e.american
	}
	return word
}

// doubled are verbs in -l whose l is doubled in British English only.
var doubled = set(`
	bevel cancel channel counsel council dial duel enamel equal fuel funnel grovel initial jewel label level libel
	marshal marvel medal metal model panel parcel pedal pencil quarrel refuel remodel relabel rival shovel shrivel signal
	spiral stencil total travel tunnel unravel victual yodel`)

// replaceDoubled replaces the second l of travelling, labelled and counsellor.
func replaceDoubled(word string) string {
	i := strings.LastIndex(word, "ll")
	if i < 2 || !doubled[word[:i+1]] {
		return word
	}
	switch word[i+2:] {
	case "ing", "ings", "ed", "er", "ers", "or", "ors", "ist", "ists":
		return word[:i+1] + word[i+2:]
	}
	return word
}

// diphthongs are the beginnings of words from Greek and Latin that America spells
// with e.
var diphthongs = [...]struct{ british, american string }{
	{"anaem", "anem"}, {"anaesth", "anesth"}, {"archaeo", "archeo"}, {"diarrhoe", "diarrhe"}, {"encyclopaed", "encycloped"},
	{"foet", "fet"}, {"gynaec", "gynec"}, {"haemo", "hemo"}, {"leukaem", "leukem"}, {"mediaev", "mediev"}, {"oesoph", "esoph"},
	{"oestro", "estro"}, {"orthopaed", "orthoped"}, {"paedia", "pedia"}, {"palaeo", "paleo"},
}

func replaceDiphthong(word string) string {
	for _, d := range diphthongs {
		if rest, ok := strings.CutPrefix(word, d.british); ok {
			return d.american + rest
		}
	}
	return word
}

func set(list string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(list) {
		m[w] = true
	}
	return m
}
