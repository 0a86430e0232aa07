// Package names compares names of people, companies and places: for the screening of
// lists, in any script and romanisation. It has no database.
//
//	p := names.Prepare("Huang Xiaoming")
//	m := p.Compare([]names.PreparedName{names.PrepareName(names.Name{Text: "黄小明"})})
//	// m.Score is 0.97, m.Reason TRANSLITERATION
package names
