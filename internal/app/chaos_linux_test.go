package app_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/redthread-api/redthread/internal/store"
)

// skipShort skips a test in a short run: the server is a process of its own, so the race detector sees little.
func skipShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("what happens to a process of its own is not tested in a short run")
	}
}

// mountDisk mounts a small disk in memory. Without the right to mount, the test is skipped.
func mountDisk(t *testing.T, size string) string {
	t.Helper()
	skipShort(t)
	dir := t.TempDir()
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0700,size="+size)
	if err != nil {
		t.Skipf("a disk of its own cannot be mounted, which takes the rights of root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}

// keyIn makes a key of an editor in a data folder, which it migrates if it is new.
func keyIn(t *testing.T, env map[string]string, role string) string {
	t.Helper()
	code, out, errs := run(t, env, "key", "create", "--name", "chaos "+role, "--role", role)
	if code != 0 {
		t.Fatal(errs)
	}
	return regexp.MustCompile(`rt_\w+`).FindString(out)
}

// The disk is full: writes are refused and say so, live is read, and when there is room again, the server goes on without
// a restart.
func TestChaosDiskFull(t *testing.T) {
	t.Parallel()
	dir := mountDisk(t, "24m")
	env := map[string]string{"REDTHREAD_DATA": dir}
	key := keyIn(t, env, "EDITOR")
	server := startServer(t, "--data", dir)
	s := newChaosSite(t, server.url, key)
	s.mustWrite(5)
	for round := range 2 {
		filler := filepath.Join(dir, "filler")
		fillDisk(t, filler)
		var refused response
		var was bool
		for range 2000 { // SQLite uses what it has of its files first
			if refused, was = s.write(); was {
				break
			}
		}
		if !was {
			t.Fatal("no write was refused on a full disk")
		}
		s.wantShed(refused)
		for range 5 {
			s.wantReads()
		}
		if status, body := get(t, server.url+"/readyz"); !strings.Contains(body, "little disk space is left") {
			t.Errorf("/readyz is %d %s", status, body)
		}
		if round == 1 { // a server that is started then has to do without a write
			server.kill()
			if err := os.Remove(filler); err != nil {
				t.Fatal(err)
			}
			server = startServer(t, "--data", dir)
			s.url = server.url
		} else if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		s.untilWritten()
		s.mustWrite(3)
		s.wantAll()
		if round == 0 && !strings.Contains(server.log.String(), "disk is full") {
			t.Errorf("the log does not say why:\n%.3000s", server.log)
		}
	}
	server.kill()
	wantSound(t, env)
}

// fillDisk writes a file until the disk is full.
func fillDisk(t *testing.T, file string) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1 << 16, 1 << 12} {
		for block := make([]byte, size); err == nil; {
			_, err = f.Write(block)
		}
		err = nil
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// setImmutable sets or takes away the attribute of a file by which not even open descriptors can write to it.
func setImmutable(file string, on bool) error {
	const getFlags, setFlags, immutable = 0x80086601, 0x40086602, 0x10
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it is only read
	var flags int64
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), getFlags, uintptr(unsafe.Pointer(&flags))); errno != 0 {
		return errno
	}
	flags &^= immutable
	if on {
		flags |= immutable
	}
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), setFlags, uintptr(unsafe.Pointer(&flags))); errno != 0 {
		return errno
	}
	return nil
}

// cannotWrite makes the files of the stores unwritable, also for the server that has them open, and returns what undoes it.
func cannotWrite(t *testing.T, dir string) (undo func()) {
	t.Helper()
	files, err := store.Files(store.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	undo = func() {
		for _, file := range files {
			if err := setImmutable(file, false); err != nil && !os.IsNotExist(err) {
				t.Errorf("%s: %v", filepath.Base(file), err)
			}
		}
	}
	t.Cleanup(undo) // else the folder could not be removed
	for _, file := range files {
		if err := setImmutable(file, true); err != nil {
			undo()
			t.Skipf("files cannot be made immutable here: %v", err)
		}
	}
	return undo
}

// immutableFolder returns an empty folder in which a file that is made immutable cannot be written by who has it open: a
// file system in memory lets them.
func immutableFolder(t *testing.T) string {
	t.Helper()
	works := func(dir string) bool {
		f, err := os.Create(filepath.Join(dir, "probe"))
		if err != nil {
			return false
		}
		defer func() { _ = f.Close(); _ = setImmutable(f.Name(), false); _ = os.Remove(f.Name()) }()
		if setImmutable(f.Name(), true) != nil {
			return false
		}
		_, err = f.WriteString("x")
		return err != nil
	}
	dir := t.TempDir()
	if works(dir) {
		return dir
	}
	dir, err := os.MkdirTemp("/var/tmp", "redthread-test-")
	if err != nil {
		t.Skipf("skipped: no folder on a disk: %v", err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if !works(dir) {
		t.Skip("skipped: files cannot be made immutable here")
	}
	return dir
}

// The disk becomes read-only under a running server, and writable again. A server that is started on a read-only disk says so.
func TestChaosReadOnlyDisk(t *testing.T) {
	t.Parallel()
	skipShort(t)
	dir := immutableFolder(t)
	env := map[string]string{"REDTHREAD_DATA": dir}
	server := startServer(t, "--data", dir)
	s := newChaosSite(t, server.url, keyIn(t, env, "EDITOR"))
	s.mustWrite(5)
	undo := cannotWrite(t, dir)
	refused, was := s.write()
	if !was {
		t.Fatal("a write was answered on a read-only disk")
	}
	s.wantShed(refused)
	for range 5 {
		s.wantReads()
	}
	undo()
	s.untilWritten()
	s.mustWrite(3)
	s.wantAll()
	if !strings.Contains(server.log.String(), `"level":"WARN"`) {
		t.Errorf("the log does not say why:\n%.3000s", server.log)
	}
	server.kill()
	wantSound(t, env)

	disk := mountDisk(t, "24m")
	env = map[string]string{"REDTHREAD_DATA": disk}
	keyIn(t, env, "EDITOR")
	if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	code, _, errs := run(t, env, "serve", "--addr", "127.0.0.1:0", "--metrics-addr", "off")
	if code != 1 || !strings.Contains(errs, "read-only") && !strings.Contains(errs, "readonly") {
		t.Errorf("a start on a read-only disk: exit %d: %s", code, errs)
	}
	code, out, _ := run(t, env, "doctor")
	if code != 1 || !strings.Contains(out, "cannot be written") {
		t.Errorf("the doctor on a read-only disk: exit %d: %s", code, out)
	}
}

// A process may have no more files open: the log says so, what has a connection gets answers or 503, and when
// connections are closed, new ones are accepted again.
func TestChaosFileHandles(t *testing.T) {
	t.Parallel()
	skipShort(t)
	dir := t.TempDir()
	env := map[string]string{"REDTHREAD_DATA": dir}
	key := keyIn(t, env, "EDITOR")
	server := launch(t, exec.CommandContext(t.Context(), "sh", append([]string{"-c", `ulimit -n 64 && exec "$0" "$@"`, programPath(t)}, serveArgs("--data", dir)...)...))
	s := newChaosSite(t, server.url, key)
	s.mustWrite(3)
	var idle []net.Conn
	defer func() {
		for _, c := range idle {
			_ = c.Close()
		}
	}()
	deadline := time.Now().Add(30 * time.Second)
	for !strings.Contains(server.log.String(), "too many open files") {
		if time.Now().After(deadline) {
			t.Fatalf("the log does not say that there are too many open files:\n%.3000s", server.log)
		}
		c, err := net.Dial("tcp", strings.TrimPrefix(server.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		idle = append(idle, c)
		time.Sleep(time.Millisecond)
	}
	for range 20 { // on the connection that the client has
		if refused, was := s.write(); was {
			s.wantShed(refused)
		}
	}
	for _, c := range idle {
		_ = c.Close()
	}
	idle = nil
	http.DefaultClient.CloseIdleConnections()
	s.untilWritten()
	s.mustWrite(3)
	s.wantReads()
	s.wantAll()
	server.kill()
	wantSound(t, env)
}

// The response cache may take more memory than there is: it takes less.
func TestChaosCacheAndMemory(t *testing.T) {
	t.Parallel()
	skipShort(t)
	dir := t.TempDir()
	env := map[string]string{"REDTHREAD_DATA": dir}
	key := keyIn(t, env, "EDITOR")
	cmd := exec.CommandContext(t.Context(), programPath(t), serveArgs("--data", dir, "--cache-size", "4GiB", "--rate-limit-public", "100000000")...)
	cmd.Env = []string{"GOMEMLIMIT=96MiB"}
	server := launch(t, cmd)
	s := newChaosSite(t, server.url, key)
	if got := s.mustPost(key, fmt.Sprintf(`mutation { createReport(input: {slug: "report-big", title: "T", kind: BRIEF, language: "en", summary: "S.", body: %q}) { created }
		publish(input: {documents: ["report:report-big"]}) { state } }`, incompressible(120_000))); got.code() != "" {
		t.Fatal(got.body)
	}
	for i := range 1500 {
		got := s.mustPost("", fmt.Sprintf(`{ a%d: report(slug: "report-big") { body } }`, i))
		if got.status != http.StatusOK || len(got.body) < 100_000 {
			t.Fatalf("got %d %.300s", got.status, got.body)
		}
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", server.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	kb, err := strconv.Atoi(regexp.MustCompile(`RssAnon:\s+(\d+)`).FindStringSubmatch(string(status) + "RssAnon: 0")[1])
	if err != nil || kb > 160<<10 {
		t.Errorf("the process takes %d KB after 180 MB of responses, %v", kb, err)
	}
	t.Logf("the process takes %d KB", kb)
	if !strings.Contains(server.log.String(), "cache") {
		t.Errorf("the log does not say that the cache is smaller:\n%.2000s", server.log)
	}
	s.mustWrite(2)
	s.wantAll()
}

// incompressible returns a text of random letters.
func incompressible(n int) string {
	b := make([]byte, n*3/4)
	_, _ = rand.Read(b) // never fails
	return base64.URLEncoding.EncodeToString(b)
}

// dnsServer answers each question for an address with 127.0.0.1, once it listens.
func dnsServer(t *testing.T, address string) {
	t.Helper()
	conn, err := net.ListenPacket("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(dnsAnswer(buf[:n]), from) // the client asks again
		}
	}()
}

// dnsAnswer is the answer to a message with one question.
func dnsAnswer(q []byte) []byte {
	end := 12
	for end < len(q) && q[end] != 0 {
		end += int(q[end]) + 1
	}
	end += 5
	if end > len(q) {
		return nil
	}
	out := append([]byte{q[0], q[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, q[12:end]...)
	if binary.BigEndian.Uint16(q[end-4:]) == 1 { // an A record
		out[7] = 1
		out = append(out, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, 1)
	}
	return out
}

// The DNS is away: the server starts and serves, webhooks are tried again, and are sent when the DNS is back.
func TestChaosDNSAway(t *testing.T) {
	t.Parallel()
	skipShort(t)
	if os.Geteuid() != 0 {
		t.Skip("a resolv.conf of its own takes the rights of root")
	}
	dir := t.TempDir()
	env := map[string]string{"REDTHREAD_DATA": dir}
	admin, editor := keyIn(t, env, "ADMIN"), keyIn(t, env, "EDITOR")
	const resolver = "127.83.71.1"
	conf := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(conf, []byte("nameserver "+resolver+"\noptions timeout:1 attempts:1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	args := serveArgs("--data", dir, "--webhook-allow-private", "--oidc-issuer", "https://issuer.chaos.test", "--oidc-audience", "redthread", "--oidc-allow-private",
		"--oidc-role-claim", "role", "--oidc-roles", "staff=EDITOR", "--smtp", "smtp.chaos.test:587", "--mail-from", "news@chaos.test", "--public-url", "https://redthread.chaos.test")
	cmd := exec.CommandContext(t.Context(), "sh", append([]string{"-c", `mount --bind "$RESOLV" /etc/resolv.conf && exec "$0" "$@"`, programPath(t)}, args...)...)
	cmd.Env = []string{"RESOLV=" + conf, "GODEBUG=netdns=go"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if out, err := exec.CommandContext(t.Context(), "unshare", "-m", "true").CombinedOutput(); err != nil {
		t.Skipf("a mount namespace cannot be made: %v %s", err, out)
	}
	server := launch(t, cmd)
	s := newChaosSite(t, server.url, editor)
	receiver := newWebhookReceiver(t)
	receiver.accept.Store(true)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(receiver.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.mustPost(admin, fmt.Sprintf(`mutation { createWebhook(input: {url: "http://receiver.chaos.test:%s/", types: [REPORT]}) { secret } }`, port)); got.code() != "" {
		t.Fatal(got.body)
	}
	s.mustWrite(2)
	s.wantReads()
	const token = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImEiLCJ0eXAiOiJKV1QifQ.eyJpc3MiOiJodHRwczovL2lzc3Vlci5jaGFvcy50ZXN0Iiwic3ViIjoiYSIsImF1ZCI6InJlZHRocmVhZCIsImV4cCI6NDA3MDkwODgwMCwiaWF0IjoxNzAwMDAwMDAwfQ.c2ln"
	if got := s.mustPost(token, "{ viewer { role } }"); got.status != http.StatusServiceUnavailable {
		t.Errorf("a person signs in without a DNS: got %d %s", got.status, got.body)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for !strings.Contains(s.mustPost(admin, `{ webhookDeliveries(first: 1) { nodes { error attempts { error } } } }`).body, "cannot be resolved") {
		select {
		case <-ctx.Done():
			t.Fatalf("no attempt says what failed: %s", s.mustPost(admin, `{ webhookDeliveries(first: 1) { nodes { error attempts { error } } } }`).body)
		case <-time.After(50 * time.Millisecond):
		}
	}
	dnsServer(t, net.JoinHostPort(resolver, "53"))
	s.mustWrite(1)
	receiver.untilEach(t, s.published)
	s.wantAll()
	server.kill()
	wantSound(t, env)
}
