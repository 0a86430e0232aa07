package render

// For tests of package render_test.
var (
	Samples    = samples
	SampleSite = sampleSite
	PlainText  = plainText
	Wrap       = wrap
	LinksOf    = links
)
