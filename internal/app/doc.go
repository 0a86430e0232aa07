// Package app assembles the program: its configuration, its commands, and the
// order in which its parts start and stop.
//
// [Main] runs a command: it takes arguments, environment and streams, and returns
// the exit code. [Start] and [App.Close] run the server without the command, for
// tests.
//
// To add a command, write a method of program that returns it, and call it in
// root.go. To add a setting, add a flag and its variable in config.go.
//
// The package has no editorial rules and no SQL.
package app
