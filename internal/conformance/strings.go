package conformance

// inName is a query whose result shows the value of a string: the type of that name.
func inName(text string) string { return `{ __type(name: ` + text + `) { name } }` }

// The data of inName: the value was "String", or it was the name of no type.
const (
	isString   = `{"__type":{"name":"String"}}`
	isNoString = `{"__type":null}`
)

// strs are cases of strings in one pair of quotes.
func strs() []Case {
	return section(Language, "String Value",
		document("plain", inName(`"String"`), data(isString)),
		document("empty", inName(`""`), data(isNoString)),
		document("any-script", inName(`"Ж漢🦊"`), data(isNoString)),
		document("tab", inName("\"String\t\""), data(isNoString)),
		document("line-separator", inName("\"\u2028\""), data(isNoString)),
		document("control-characters", inName("\"\a\x01\x7f\""), data(isNoString), since(September2025)),
		document("line-feed", inName("\"Str\ning\""), refused()),
		document("carriage-return", inName("\"Str\ring\""), refused()),
		document("unterminated", inName(`"String`), refused()),
		document("escaped-last-quote", inName(`"String\"`), refused()),
		document("single-quotes", inName(`'String'`), refused()),
		document("backquotes", inName("`String`"), refused()),
		document("two-strings", inName(`"Str" "ing"`), refused()),
		document("two-strings-adjacent", inName(`"Str""ing"`), refused()),
		document("escaped-letters", inName(`"\b\f\n\r\t\/\\\""`), data(isNoString)),
		literal("escaped-letters-value", "String", `"\b\f\n\r\t\/\\\""`, accepts(`"\b\f\n\r\t\/\\\""`)),
		document("escape-of-no-letter", inName(`"\x41"`), refused()),
		document("escaped-single-quote", inName(`"\'"`), refused()),
		document("escaped-digit", inName(`"\0"`), refused()),
		document("escaped-capital-u", inName(`"\U0053tring"`), refused()),
		document("escaped-line-feed", inName("\"Str\\\ning\""), refused()),
		literal("emoji-value", "String", `"🦊"`, accepts(`"🦊"`)),
		document("as-boolean", `{ __typename @include(if: "true") }`, refused()),
	)
}

// unicodeEscapes are cases of \u in strings.
func unicodeEscapes() []Case {
	return section(Language, "Escaped Unicode",
		document("four-digits", inName(`"\u0053tr\u0069ng"`), data(isString)),
		document("small-hexadecimal", inName(`"\u0053tr\u0069n\u0067"`), data(isString)),
		literal("capital-hexadecimal", "String", `"\u00E9\u00e9"`, accepts(`"éé"`)),
		document("three-digits", inName(`"\u053"`), refused()),
		document("no-digits", inName(`"\u"`), refused()),
		document("no-hexadecimal", inName(`"\u00G3"`), refused()),
		document("braces", inName(`"\u{53}tring"`), data(isString), since(September2025)),
		document("braces-with-zeros", inName(`"\u{000053}tring"`), data(isString), since(September2025)),
		literal("braces-beyond-16-bits", "String", `"\u{1F98A}"`, accepts(`"🦊"`), since(September2025)),
		document("braces-greatest", inName(`"\u{10FFFF}"`), data(isNoString), since(September2025)),
		document("braces-empty", inName(`"\u{}"`), refused()),
		document("braces-too-great", inName(`"\u{110000}"`), refused()),
		document("braces-not-closed", inName(`"\u{53"`), refused()),
		document("braces-with-space", inName(`"\u{ 53 }"`), refused()),
		document("braces-no-hexadecimal", inName(`"\u{5G}"`), refused()),
		document("braces-surrogate", inName(`"\u{D83E}"`), refused(), since(September2025)),
		document("braces-surrogate-pair", inName(`"\u{D83E}\u{DD8A}"`), refused(), since(September2025)),
		literal("surrogate-pair", "String", `"\uD83E\uDD8A"`, accepts(`"🦊"`), since(September2025)),
		document("leading-surrogate-alone", inName(`"\uD83E"`), refused(), since(September2025)),
		document("leading-surrogate-and-letter", inName(`"\uD83Ex"`), refused(), since(September2025)),
		document("leading-surrogate-and-escape", inName(`"\uD83E\n"`), refused(), since(September2025)),
		document("leading-surrogate-twice", inName(`"\uD83E\uD83E"`), refused(), since(September2025)),
		document("trailing-surrogate-alone", inName(`"\uDD8A"`), refused(), since(September2025)),
		document("surrogates-swapped", inName(`"\uDD8A\uD83E"`), refused(), since(September2025)),
		document("mixed-pair", inName(`"\uD83E\u{DD8A}"`), refused(), since(September2025)),
	)
}

// blockStrings are cases of strings in three pairs of quotes, and of their value:
// the indent that all lines but the first have in common is removed, and so are blank
// lines at the start and the end.
func blockStrings() []Case {
	return section(Language, "Block Strings",
		document("plain", inName(`"""String"""`), data(isString)),
		document("empty", inName(`""""""`), data(isNoString)),
		document("blank", inName("\"\"\"\n  \n\n\"\"\""), data(isNoString)),
		document("on-its-own-line", inName("\"\"\"\nString\n\"\"\""), data(isString)),
		document("indented", inName("\"\"\"\n    String\n    \"\"\""), data(isString)),
		document("indented-by-tabs", inName("\"\"\"\n\t\tString\n\t\t\"\"\""), data(isString)),
		document("blank-lines-around", inName("\"\"\"\n\n   \n  String\n \n\n\"\"\""), data(isString)),
		document("carriage-returns", inName("\"\"\"\r  String\r\"\"\""), data(isString)),
		document("both-line-terminators", inName("\"\"\"\r\n  String\r\n\"\"\""), data(isString)),
		document("first-line-then-blank", inName("\"\"\"String\n    \"\"\""), data(isString)),
		document("first-line-keeps-its-indent", inName(`"""  String"""`), data(isNoString)),
		document("trailing-spaces-stay", inName(`"""String  """`), data(isNoString)),
		document("no-escapes", inName(`"""\u0053tring"""`), data(isNoString)),
		document("escaped-quotes", inName(`"""\"""`+"\n"+`"""`), data(isNoString)),
		document("quotes-inside", inName(`"""one " and two "" inside"""`), data(isNoString)),
		document("quote-after-closing", inName(`"""String""""`), refused()),
		document("two-quotes-after-closing", inName(`"""String"""""`), refused()),
		document("unterminated", inName(`"""String`), refused()),
		document("unterminated-by-two-quotes", inName(`"""String""`), refused()),
		document("escaped-end", inName(`"""String\"""`), refused()),
		document("control-characters", inName("\"\"\"\a\x01\"\"\""), data(isNoString), since(September2025)),
		literal("escaped-quotes-value", "String", `"""a \""" b"""`, accepts(`"a \"\"\" b"`)),
		literal("escaped-quotes-at-the-end", "String", `"""a\""""""`, accepts(`"a\"\"\""`)),
		literal("backslashes-value", "String", `"""\n\\\u0041"""`, accepts(`"\\n\\\\\\u0041"`)),
		literal("first-line-does-not-count", "String", "\"\"\"one\n    two\n    three\"\"\"", accepts(`"one\ntwo\nthree"`)),
		literal("first-line-and-unequal-indents", "String", "\"\"\"one\n    two\n  three\n\"\"\"", accepts(`"one\n  two\nthree"`)),
		literal("first-line-with-indent", "String", "\"\"\"    one\n  two\"\"\"", accepts(`"    one\ntwo"`)),
		literal("least-indent-is-removed", "String", "\"\"\"\n    one\n      two\n\n    three\n\"\"\"", accepts(`"one\n  two\n\nthree"`)),
		literal("blank-lines-do-not-count", "String", "\"\"\"\n    one\n  \n    two\n\"\"\"", accepts(`"one\n\ntwo"`)),
		literal("blank-line-longer-than-the-indent", "String", "\"\"\"\n  one\n     \n  two\n\"\"\"", accepts(`"one\n   \ntwo"`)),
		literal("tab-counts-as-one", "String", "\"\"\"\n\tone\n  two\n\"\"\"", accepts(`"one\n two"`)),
		literal("all-line-terminators", "String", "\"\"\"\n  one\r  two\r\n  three\n\"\"\"", accepts(`"one\ntwo\nthree"`)),
		literal("line-separator-is-text", "String", "\"\"\"one\u2028  two\"\"\"", accepts("\"one\u2028  two\"")),
		literal("no-indent-in-last-line", "String", "\"\"\"\n    one\ntwo\n\"\"\"", accepts(`"    one\ntwo"`)),
		literal("trailing-spaces-of-lines", "String", "\"\"\"\n  one  \n  two\n\"\"\"", accepts(`"one  \ntwo"`)),
		literal("escaped-quotes-in-the-first-column", "String", "\"\"\"\n  \\\"\"\"\n  two\n\"\"\"", accepts(`"\"\"\"\ntwo"`)),
	)
}
