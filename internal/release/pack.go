package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// entry is a file, or a folder, of an archive.
type entry struct {
	name string // with slashes; a folder ends with one
	mode fs.FileMode
	uid  int
	body []byte
}

// sorted returns the entries in the order of their names, each folder ahead of what is in it.
func sorted(entries []entry) []entry {
	return slices.SortedFunc(slices.Values(entries), func(a, b entry) int { return strings.Compare(a.name, b.name) })
}

// writeTar writes entries, sorted, with one time and without the name of an owner.
func writeTar(w io.Writer, entries []entry, at time.Time) error {
	out := tar.NewWriter(w)
	for _, e := range sorted(entries) {
		h := &tar.Header{Name: e.name, Mode: int64(e.mode.Perm()), Uid: e.uid, Gid: e.uid, Size: int64(len(e.body)), ModTime: at, Typeflag: tar.TypeReg, Format: tar.FormatUSTAR}
		if e.mode&fs.ModeSticky != 0 {
			h.Mode |= 0o1000
		}
		if strings.HasSuffix(e.name, "/") {
			h.Typeflag = tar.TypeDir
		}
		if err := out.WriteHeader(h); err != nil {
			return err
		}
		if _, err := out.Write(e.body); err != nil {
			return err
		}
	}
	return out.Close()
}

// writeTarGz writes a compressed tar. Its header has no time and no name.
func writeTarGz(w io.Writer, entries []entry, at time.Time) error {
	out, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	return errors.Join(writeTar(out, entries, at), out.Close())
}

// writeZip writes a zip file, as people on Windows expect it.
func writeZip(w io.Writer, entries []entry, at time.Time) error {
	out := zip.NewWriter(w)
	out.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	for _, e := range sorted(entries) {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: at}
		h.SetMode(e.mode)
		f, err := out.CreateHeader(h)
		if err != nil {
			return err
		}
		if _, err := f.Write(e.body); err != nil {
			return err
		}
	}
	return out.Close()
}

// packProgram writes the archive of a program and what it is made of, and returns the names of the files.
func packProgram(out string, v version, p program, common []entry, licences []licence) ([]string, error) {
	body, err := os.ReadFile(p.file)
	if err != nil {
		return nil, err
	}
	folder := v.archive(p.platform)
	var entries []entry
	own := []entry{{name: p.name(), mode: 0o755, body: body}, {name: "NOTICES.txt", mode: 0o644, body: noticesOf(p, licences)}}
	for _, e := range slices.Concat(common, own) {
		if p.os != "linux" && strings.HasSuffix(e.name, ".service") {
			continue
		}
		e.name = path.Join(folder, e.name)
		entries = append(entries, e)
	}
	ending, write := ".tar.gz", writeTarGz
	if p.os == "windows" {
		ending, write = ".zip", writeZip
	}
	var archive bytes.Buffer
	if err := write(&archive, entries, v.at); err != nil {
		return nil, err
	}
	parts := componentsOf(v, p, body, licences)
	cyclone, err := parts.cycloneDX()
	if err != nil {
		return nil, err
	}
	spdx, err := parts.spdx()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range []entry{{name: folder + ending, body: archive.Bytes()}, {name: folder + ".cdx.json", body: cyclone}, {name: folder + ".spdx.json", body: spdx}} {
		if err := os.WriteFile(filepath.Join(out, f.name), f.body, 0o644); err != nil {
			return nil, err
		}
		names = append(names, f.name)
	}
	return names, nil
}

// checksumsFile has the SHA-256 of each other file, as sha256sum writes and checks it.
const checksumsFile = "checksums.txt"

func writeChecksums(out string, names []string) error {
	var text strings.Builder
	for _, name := range slices.Sorted(slices.Values(names)) {
		body, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "%s  %s\n", hexSum(body), name)
	}
	return os.WriteFile(filepath.Join(out, checksumsFile), []byte(text.String()), 0o644)
}

// hexSum returns the SHA-256 in hexadecimal digits.
func hexSum(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// compareFolders returns an error that names each file that is not the same in both folders.
func compareFolders(a, b string) error {
	names := map[string]bool{}
	for _, folder := range []string{a, b} {
		files, err := os.ReadDir(folder)
		if err != nil {
			return err
		}
		for _, f := range files {
			names[f.Name()] = true
		}
	}
	var errs []error
	for name := range names {
		first, err1 := os.ReadFile(filepath.Join(a, name))
		second, err2 := os.ReadFile(filepath.Join(b, name))
		if err := errors.Join(err1, err2); err != nil {
			errs = append(errs, err)
		} else if !bytes.Equal(first, second) {
			errs = append(errs, fmt.Errorf("%s is not the same the second time", name))
		}
	}
	return errors.Join(errs...)
}
