// Package editorialtest makes desks for tests, with documents on them, and checks what
// must hold after any history: live is what the log says, and the tables of the desk
// are what its revisions say.
package editorialtest
