// Package app puts the program together: its settings, its commands, and the
// order in which its parts start and stop.
//
// [Main] is the program without its process: it takes arguments, environment
// and streams, and returns the exit code. [Start] and [App.Close] are the
// server without the command, for tests.
//
// To add a command, write a method of program that returns it and name that in
// the list in root.go. To add a setting, see the list in config.go: flag and
// variable are declared at once.
//
// There is no rule of the editorial work here, and no SQL.
package app
