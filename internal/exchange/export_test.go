package exchange

var (
	NameKey     = nameKey
	CompanySlug = companySlug
	SplitNames  = splitNames
)

// ReadDate parses a date in one of the formats.
func ReadDate(text string, patterns ...string) (string, error) {
	var formats []dateFormat
	for _, pattern := range patterns {
		format, err := parseDateFormat(pattern)
		if err != nil {
			return "", err
		}
		formats = append(formats, format)
	}
	date, err := readDate(text, formats)
	return string(date), err
}

// ReadRows reads the rows of a file, and returns the number of those to import.
func ReadRows(file File, params CompaniesParams) (CompaniesResult, int, error) {
	var out CompaniesResult
	form, err := params.form()
	if err != nil {
		return out, 0, err
	}
	rows, err := readRows(file, form, &out)
	return out, len(rows), err
}

// RepeatedKey is repeatedKey.
func RepeatedKey(text []byte) string { return repeatedKey(text) }
