package names

// A reading is how a name in Latin letters may be meant in another romanisation.
type reading struct{}

func readingOf([]word) *reading { return nil }

func compareReadings(a, b *prepared) (float64, departures) { return 0, 0 }
