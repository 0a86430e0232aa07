// Package domain is Redthread's vocabulary: the types of document, their ids
// and slugs, markings, roles, the viewer, the stage that is read, dates and
// shares, the closed lists of terms, and the errors that packages return to each
// other.
//
// It holds no behaviour that needs a database, a clock other than the one it
// is given, or the network, and it imports the standard library only.
package domain
