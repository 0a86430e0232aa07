package app

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/redthread-api/redthread/internal/backup"
	"github.com/redthread-api/redthread/internal/newsletter/mail"
	"github.com/redthread-api/redthread/internal/store"
)

// enoughHandles is for the connections of the pools, a thousand event streams, a thousand WebSockets, and as many requests.
const enoughHandles = 4096

// checkHandles looks at how many files a process may have open.
func (e *examination) checkHandles() {
	const check, do = "open files", "raise the limit of the service: LimitNOFILE in systemd, ulimit -n in a shell"
	switch limit, known := fileHandles(); {
	case !known:
	case limit < enoughHandles/8:
		e.problem(check, do, "a process like this one may have %d files open, and a server needs %d under load", limit, enoughHandles)
	case limit < enoughHandles:
		e.warn(check, do, "a process like this one may have %d files open, and a server may need %d under load", limit, enoughHandles)
	default:
		e.ok(check, "a process like this one may have %d", limit)
	}
}

// checkFiles looks at the data folder and the files in it: their modes, their owner, and whether they can be written.
func (e *examination) checkFiles() {
	const check = "files"
	if e.config.DeskDSN != "" {
		return
	}
	info, err := os.Stat(e.config.Data)
	if err != nil {
		return // the check of the stores says it
	}
	before := len(e.found)
	if info.Mode().Perm()&0o022 != 0 {
		e.warn(check, "chmod 700 "+e.config.Data, "other users may write in the data folder: its mode is %04o", info.Mode().Perm())
	}
	if !writable(e.config.Data) {
		e.problem(check, "run this as the user of the server; if it is that, give it the folder, and see whether the disk is mounted read-only", "the data folder cannot be written")
	}
	files, err := store.Files(e.config.stores(nil))
	if err != nil {
		e.problem(check, "run this as the user of the server", "the data folder cannot be read: %v", err)
	}
	for _, demo := range []demoKey{demoEditor, demoAdmin} {
		files = append(files, filepath.Join(e.config.Data, demo.file))
	}
	for _, file := range files {
		e.checkFile(check, file)
	}
	if _, err := os.Stat(filepath.Join(e.config.Data, "live.db")); errors.Is(err, fs.ErrNotExist) && store.Exists(e.config.stores(nil)) {
		e.liveMissing = true
		e.problem(check, "run \"redthread rebuild-live\", or start the server, which makes live anew from the publication log in more time; then run this again", "live.db is missing")
	}
	if len(e.found) == before {
		e.ok(check, "the files in %s are this user's alone", e.config.Data)
	}
}

func (e *examination) checkFile(check, file string) {
	info, err := os.Stat(file)
	if err != nil {
		return // there is none
	}
	name := filepath.Base(file)
	if info.Mode().Perm()&0o077 != 0 {
		e.warn(check, "chmod 600 "+file+"; the server does it when it starts", "other users may read %s: its mode is %04o", name, info.Mode().Perm())
	}
	switch {
	case !writable(file):
		e.problem(check, "run this as the user of the server; if it is that, chown the file to it", "%s cannot be written", name)
	case ownedByOther(info):
		e.warn(check, "run commands as the user of the server, so that all files are its own", "%s belongs to another user than the one who runs this", name)
	}
}

// lowSpace is how many bytes a disk of the stores must have free. Below it the next import or release may not find room.
const lowSpace = 256 << 20

// checkSpace looks at the free space of the data folder and of the folder for temporary files.
func (e *examination) checkSpace() {
	const check = "disk"
	var size int64
	if e.config.DeskDSN == "" {
		files, _ := store.Files(e.config.stores(nil)) // checkFiles says what is wrong
		for _, file := range files {
			if info, err := os.Stat(file); err == nil {
				size += info.Size()
			}
		}
		free, known := freeSpace(e.config.Data)
		switch {
		case !known:
		case free < lowSpace:
			e.problem(check, "make room, or move the data folder to a larger disk", "%s are free where the data folder is", sizeText(int64(free)))
		case int64(free) < size:
			e.warn(check, "make room: \"redthread compact --shrink\" needs as much as the desk takes", "%s are free where the data folder is, and the stores take %s", sizeText(int64(free)), sizeText(size))
		default:
			e.ok(check, "%s are free where the data folder is; the stores take %s", sizeText(int64(free)), sizeText(size))
		}
	}
	temp := os.TempDir()
	if free, known := freeSpace(temp); known && (free < lowSpace || int64(free) < size) {
		e.warn(check, "make room, or set TMPDIR to a larger disk: \"redthread backup\" copies both stores there", "%s are free in %s", sizeText(int64(free)), temp)
	}
}

// maxBackupAge is the age of the newest backup above which there is a warning.
const maxBackupAge = 48 * time.Hour

// checkBackups looks for the newest backup of the place that was given.
func (e *examination) checkBackups(ctx context.Context) {
	const check = "backups"
	if e.input.backups == "" {
		return
	}
	var place backup.Place = backup.Folder(e.input.backups)
	if strings.HasPrefix(e.input.backups, "s3://") {
		var err error
		if place, _, err = e.backupPlace(strings.TrimSuffix(e.input.backups, "/") + "/"); err != nil {
			e.problem(check, "correct --backups, or set the variables that buckets need", "%v", err)
			return
		}
	}
	name, at, err := backup.Latest(ctx, place)
	switch age := e.now().Sub(at); {
	case ctx.Err() != nil:
	case err != nil:
		e.problem(check, "correct --backups, or see why the place cannot be read", "%s", oneLine(err))
	case name == "":
		e.problem(check, "run \"redthread backup\", best with --every", "there is no backup in %s", e.input.backups)
	case age > maxBackupAge:
		e.warn(check, "see why \"redthread backup --every\" does not run", "the newest is %s old: %s", age.Round(time.Hour), name)
	default:
		e.ok(check, "the newest is %s old: %s", age.Round(time.Minute), name)
	}
}

// mailLookups bounds the look-ups in the DNS.
const mailLookups = 10 * time.Second

// checkMail compares the DNS with the settings of mail, if there are any.
func (e *examination) checkMail(ctx context.Context) {
	if e.config.Mail.SMTP == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, mailLookups)
	defer cancel()
	var resolver mail.Resolver = net.DefaultResolver
	if e.resolver != nil {
		resolver = e.resolver
	}
	e.found = append(e.found, mailFindings(ctx, &e.config.Mail, resolver)...)
}

// mailFindings are what "redthread mail doctor --lookup" finds, as findings.
func mailFindings(ctx context.Context, c *MailConfig, resolver mail.Resolver) []finding {
	const check = "mail"
	do := "set the records that \"redthread mail doctor " + c.domain() + "\" prints"
	keys, err := c.keys()
	if err != nil {
		return []finding{{check, findingProblem, oneLine(err), "correct --dkim-key"}}
	}
	found, err := mail.CheckRecords(ctx, resolver, mail.Setup{From: c.domain(), Bounces: c.BounceDomain, Host: c.sendingHost(), Keys: keys})
	if err != nil {
		return []finding{{check, findingProblem, oneLine(err), "correct the settings of mail"}}
	}
	var all []finding
	for _, f := range found {
		one := finding{Check: check, State: string(f.Level), Found: f.Text}
		if f.Level != mail.OK {
			one.Do = do
		}
		all = append(all, one)
	}
	return all
}

// localData returns the data folder where the stores are in it; empty where they are in PostgreSQL.
func (c *Config) localData() string {
	if c.DeskDSN != "" {
		return ""
	}
	return c.Data
}
