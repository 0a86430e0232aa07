// Package backup moves all that the stores hold out of them and back: dumps, which are the
// same from both engines, and backups of the stores as they are.
package backup
