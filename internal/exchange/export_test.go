package exchange

var (
	NameKey     = nameKey
	CompanySlug = companySlug
	SplitNames  = splitNames
)

// ReadDate reads a date as one of the formats has it.
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
