// Package mailbox shows the messages of a folder as HTML pages: the list, each message as mail programs
// show it, and its source.
//
// It is for developers and the demo, whose messages go to a folder in place of readers: all who reach the
// server see them. So the server has these pages only where no message is sent.
package mailbox
