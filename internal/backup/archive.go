package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"github.com/redthread-api/redthread/internal/domain"
)

// manifestName is the first file of an archive.
const manifestName = "manifest.json"

// archiveFormat is the version of the form of archives.
const archiveFormat = 1

// Manifest says what is in a backup.
type Manifest struct {
	Backup  string            `json:"redthread"` // "backup"
	Format  int               `json:"format"`
	Version string            `json:"version"` // of the program that wrote it
	At      time.Time         `json:"at"`      // when it was begun
	Engine  string            `json:"engine"`  // "sqlite" or "postgresql"
	Content Content           `json:"content"`
	Schema  map[string]string `json:"schema"` // the last migration of each store, by name
	Log     LogPosition       `json:"log"`
	Files   []File            `json:"files"`
}

// LogPosition is the publication log of a backup: which one, and how far.
type LogPosition struct {
	Identity string `json:"identity"`
	Entries  int64  `json:"entries"`
}

// Content is the form of what a backup holds.
type Content string

// The forms.
const (
	SQLiteFiles Content = "sqlite"  // both files, as they are
	PgDump      Content = "pg_dump" // both schemas in the custom format of pg_dump
	Rows        Content = "dump"    // lines of JSON, as Dump writes them
)

// File is a file of a backup.
type File struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // in hexadecimal digits
}

// describe returns the sizes and hashes of files of a folder.
func describe(folder string, names ...string) ([]File, error) {
	var files []File
	for _, name := range names {
		f, err := os.Open(filepath.Join(folder, name))
		if err != nil {
			return nil, err
		}
		sum := sha256.New()
		n, err := io.Copy(sum, f)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
		files = append(files, File{Name: name, Bytes: n, SHA256: hexSum(sum)})
	}
	return files, nil
}

// writeArchive writes a tar of the manifest and its files, compressed with Zstandard, and encrypted for the recipients if there
// are any.
func writeArchive(ctx context.Context, to io.Writer, m Manifest, folder string, recipients []age.Recipient) error {
	var closers []io.Closer
	if len(recipients) > 0 {
		encrypted, err := age.Encrypt(to, recipients...)
		if err != nil {
			return fmt.Errorf("encrypt: %w", err)
		}
		closers = append(closers, encrypted)
		to = encrypted
	}
	compressed, err := zstd.NewWriter(to, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	archive := tar.NewWriter(compressed)
	closers = append(closers, compressed, archive)
	if err := addFiles(ctx, archive, m, folder); err != nil {
		return err
	}
	for i := len(closers) - 1; i >= 0; i-- {
		if err := closers[i].Close(); err != nil {
			return err
		}
	}
	return nil
}

func addFiles(ctx context.Context, archive *tar.Writer, m Manifest, folder string) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	add := func(name string, size int64, content io.Reader) error {
		h := &tar.Header{Name: name, Size: size, Mode: 0o600, ModTime: m.At, Format: tar.FormatPAX}
		if err := archive.WriteHeader(h); err != nil {
			return err
		}
		_, err := io.Copy(archive, contextReader{ctx, content})
		return err
	}
	if err := add(manifestName, int64(len(text)), bytes.NewReader(text)); err != nil {
		return err
	}
	for _, file := range m.Files {
		f, err := os.Open(filepath.Join(folder, file.Name))
		if err != nil {
			return err
		}
		if err := errors.Join(add(file.Name, file.Bytes, f), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// contextReader ends with the context's error.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// The first bytes of a file encrypted by age, and of one compressed with Zstandard.
const (
	ageMagic  = "age-encryption.org/v1\n"
	zstdMagic = "\x28\xb5\x2f\xfd"
)

// readArchive reads an archive and writes its files into a folder, if that is not empty, and compares them with the
// manifest. The error is [domain.ErrInvalid] for what is no backup, is damaged or is cut off, and for one that no identity opens.
func readArchive(ctx context.Context, from io.Reader, folder string, identities []age.Identity) (Manifest, error) {
	plain, err := decrypted(contextReader{ctx, from}, identities)
	if err != nil {
		return Manifest{}, err
	}
	decompressed, err := zstd.NewReader(plain, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30))
	if err != nil {
		return Manifest{}, err
	}
	defer decompressed.Close()
	m, err := readFiles(tar.NewReader(decompressed), folder)
	if err == nil {
		if n, rest := io.Copy(io.Discard, decompressed); n > 0 || rest != nil {
			err = domain.Invalid("the backup is damaged: something follows its end")
		}
	}
	if err != nil && ctx.Err() != nil {
		return m, ctx.Err()
	}
	return m, err
}

// decrypted returns what is encrypted in r; r itself if it is not encrypted.
func decrypted(r io.Reader, identities []age.Identity) (io.Reader, error) {
	begin := make([]byte, len(ageMagic))
	n, err := io.ReadFull(r, begin)
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		return nil, err
	}
	whole := io.MultiReader(bytes.NewReader(begin[:n]), r)
	switch {
	case bytes.HasPrefix(begin[:n], []byte(zstdMagic)):
		return whole, nil
	case string(begin[:n]) != ageMagic:
		return nil, domain.Invalid("this is no backup of Redthread")
	case len(identities) == 0:
		return nil, domain.Invalid("the backup is encrypted: give the file of an identity that opens it with --identity")
	}
	plain, err := age.Decrypt(whole, identities...)
	if err != nil {
		return nil, domain.Invalid("the backup is encrypted for other recipients, or is damaged: %v", err)
	}
	return plain, nil
}

func readFiles(archive *tar.Reader, folder string) (m Manifest, err error) {
	head, err := archive.Next()
	if err != nil || head.Name != manifestName || head.Size > 1<<20 {
		return m, domain.Invalid("this is no backup of Redthread, or it is damaged: it does not begin with a manifest")
	}
	text, err := io.ReadAll(archive)
	if err != nil {
		return m, domain.Invalid("the backup is damaged: %v", err)
	}
	if err := json.Unmarshal(text, &m); err != nil || m.Backup != "backup" {
		return m, domain.Invalid("this is no backup of Redthread: its manifest is not valid")
	}
	if m.Format != archiveFormat {
		return m, domain.Invalid("the backup has format %d, and this version reads format %d", m.Format, archiveFormat)
	}
	for _, file := range m.Files {
		// The name is one of ours, and no path: a manifest from elsewhere must not choose where files go.
		if file.Name != filepath.Base(file.Name) || !filepath.IsLocal(file.Name) {
			return m, domain.Invalid("the backup has a file with the name %q", file.Name)
		}
		head, err := archive.Next()
		if err != nil || head.Name != file.Name || head.Size != file.Bytes {
			return m, domain.Invalid("the backup is damaged or was cut off: %s is not in it as its manifest says", file.Name)
		}
		if err := extract(archive, folder, file); err != nil {
			return m, err
		}
	}
	if _, err := archive.Next(); err != io.EOF {
		return m, domain.Invalid("the backup is damaged: it does not end behind its last file")
	}
	return m, nil
}

// extract writes a file of an archive, and compares it with its hash. Without a folder it only compares.
func extract(archive io.Reader, folder string, file File) (err error) {
	sum := sha256.New()
	to := io.Writer(sum)
	if folder != "" {
		f, openErr := os.OpenFile(filepath.Join(folder, file.Name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if openErr != nil {
			return openErr
		}
		defer func() { err = errors.Join(err, f.Sync(), f.Close()) }()
		to = io.MultiWriter(f, sum)
	}
	if _, err := io.Copy(to, archive); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			return domain.Invalid("the backup was cut off in %s", file.Name)
		}
		if _, isPath := errors.AsType[*os.PathError](err); isPath {
			return err // of the disk that is written to
		}
		return domain.Invalid("the backup is damaged in %s: %v", file.Name, err)
	}
	if hexSum(sum) != file.SHA256 {
		return domain.Invalid("the backup is damaged: %s does not have the hash of its manifest", file.Name)
	}
	return nil
}
