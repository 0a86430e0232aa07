package backup_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/backup"
)

// fakeBucket is a service that speaks as much of S3's protocol as backups need, and checks the signature of each request as
// Amazon describes it (Signature Version 4).
type fakeBucket struct {
	*httptest.Server
	t *testing.T

	mu      sync.Mutex
	objects map[string][]byte
	uploads map[string]map[string][]byte // the parts of each by number
	refuse  func(*http.Request) int      // a status in place of an answer; nil or 0: none
}

const (
	accessKey = "AKIDEXAMPLE"
	secretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

func newFakeBucket(t *testing.T) *fakeBucket {
	b := &fakeBucket{t: t, objects: map[string][]byte{}, uploads: map[string]map[string][]byte{}}
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	return b
}

func (b *fakeBucket) env(name string) string {
	return map[string]string{
		"AWS_ACCESS_KEY_ID": accessKey, "AWS_SECRET_ACCESS_KEY": secretKey, "AWS_REGION": "eu-central-1", "AWS_ENDPOINT_URL_S3": b.URL,
	}[name]
}

func (b *fakeBucket) open(prefix string) backup.Place {
	b.t.Helper()
	place, err := backup.OpenBucket("press", prefix, b.env)
	if err != nil {
		b.t.Fatal(err)
	}
	return place
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// signature computes the signature that a request should have.
func signature(r *http.Request, body []byte) string {
	day := r.Header.Get("X-Amz-Date")[:8]
	_, rest, _ := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
	signed, _, _ := strings.Cut(rest, ",")
	var headers strings.Builder
	for name := range strings.SplitSeq(signed, ";") {
		value := r.Header.Get(name)
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = fmt.Sprint(r.ContentLength)
		}
		headers.WriteString(name + ":" + strings.TrimSpace(value) + "\n")
	}
	query := strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20")
	sum := sha256.Sum256(body)
	// Of the decoded path, because that is what the service has.
	path := strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(r.URL.Path))
	canonical := strings.Join([]string{r.Method, path, query, headers.String(), signed, hex.EncodeToString(sum[:])}, "\n")
	hashed := sha256.Sum256([]byte(canonical))
	scope := day + "/eu-central-1/s3/aws4_request"
	key := mac(mac(mac(mac([]byte("AWS4"+secretKey), day), "eu-central-1"), "s3"), "aws4_request")
	return hex.EncodeToString(mac(key, "AWS4-HMAC-SHA256\n"+r.Header.Get("X-Amz-Date")+"\n"+scope+"\n"+hex.EncodeToString(hashed[:])))
}

func (b *fakeBucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		b.t.Error(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	fail := func(status int, code string) {
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>m</Message></Error>", code)
	}
	if b.refuse != nil {
		if status := b.refuse(r); status != 0 {
			fail(status, "SlowDown")
			return
		}
	}
	_, given, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
	if want := signature(r, body); given != want {
		b.t.Errorf("%s %s has the signature %s, want %s", r.Method, r.URL, given, want)
		fail(http.StatusForbidden, "SignatureDoesNotMatch")
		return
	}
	key, ok := strings.CutPrefix(r.URL.Path, "/press")
	if !ok {
		fail(http.StatusNotFound, "NoSuchBucket")
		return
	}
	key = strings.TrimPrefix(key, "/")
	q := r.URL.Query()
	switch upload := q.Get("uploadId"); {
	case r.Method == http.MethodPost && q.Has("uploads"):
		id := fmt.Sprint("upload ", len(b.uploads), "+/")
		b.uploads[id] = map[string][]byte{}
		_, _ = fmt.Fprintf(w, "<InitiateMultipartUploadResult><UploadId>%s</UploadId></InitiateMultipartUploadResult>", id)
	case upload != "" && b.uploads[upload] == nil:
		fail(http.StatusNotFound, "NoSuchUpload")
	case r.Method == http.MethodPut && upload != "":
		b.uploads[upload][q.Get("partNumber")] = body
		w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(body)))
	case r.Method == http.MethodDelete && upload != "":
		delete(b.uploads, upload)
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodPost:
		var complete struct {
			Part []struct{ PartNumber, ETag string }
		}
		if err := xml.Unmarshal(body, &complete); err != nil {
			b.t.Error(err)
		}
		var whole []byte
		for _, p := range complete.Part {
			part := b.uploads[upload][p.PartNumber]
			if p.ETag != fmt.Sprintf(`"%x"`, sha256.Sum256(part)) {
				b.t.Errorf("part %s has the ETag %s", p.PartNumber, p.ETag)
			}
			whole = append(whole, part...)
		}
		b.objects[key] = whole
		delete(b.uploads, upload)
		_, _ = io.WriteString(w, "<CompleteMultipartUploadResult/>")
	case r.Method == http.MethodPut:
		b.objects[key] = body
	case r.Method == http.MethodDelete:
		delete(b.objects, key)
		w.WriteHeader(http.StatusNoContent)
	case key == "":
		b.list(w, q)
	case b.objects[key] == nil:
		fail(http.StatusNotFound, "NoSuchKey")
	default:
		_, _ = w.Write(b.objects[key])
	}
}

// list answers a page of two keys.
func (b *fakeBucket) list(w io.Writer, q url.Values) {
	var keys []string
	for key := range b.objects {
		rest, ok := strings.CutPrefix(key, q.Get("prefix"))
		if ok && !strings.Contains(rest, "/") && key > q.Get("continuation-token") {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	page := keys[:min(2, len(keys))]
	_, _ = fmt.Fprintf(w, "<ListBucketResult><IsTruncated>%t</IsTruncated>", len(keys) > 2)
	for _, key := range page {
		_, _ = fmt.Fprintf(w, "<Contents><Key>%s</Key></Contents>", strings.ReplaceAll(key, "&", "&amp;"))
	}
	if len(keys) > 2 {
		_, _ = fmt.Fprintf(w, "<NextContinuationToken>%s</NextContinuationToken>", strings.ReplaceAll(page[1], "&", "&amp;"))
	}
	_, _ = io.WriteString(w, "</ListBucketResult>")
}

func TestBucket(t *testing.T) {
	t.Parallel()
	b := newFakeBucket(t)
	place := b.open("a b/")
	long := bytes.Repeat([]byte("0123456789abcdef"), 3<<20) // three parts
	for name, content := range map[string][]byte{"short": []byte("x"), "long": append(long, 'y'), "empty": {}, "名+ %=&": []byte("z")} {
		err := place.Write(t.Context(), name, func(w io.Writer) error {
			for i := 0; i < len(content); i += 1 << 20 {
				if _, err := w.Write(content[i:min(i+1<<20, len(content))]); err != nil {
					return err
				}
			}
			return nil
		}, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		r, err := place.Open(t.Context(), name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := io.ReadAll(r)
		if err = errors.Join(err, r.Close()); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s: got %d bytes, want %d: %v", name, len(got), len(content), err)
		}
		if err := place.Write(t.Context(), name, func(io.Writer) error { return nil }, nil); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: a second write: got %v", name, err)
		}
	}
	b.objects["elsewhere/x"] = []byte("x")
	names, err := place.List(t.Context())
	if diff := cmp.Diff([]string{"empty", "long", "short", "名+ %=&"}, names); err != nil || diff != "" {
		t.Errorf("got %v, %v", names, err)
	}
	if err := place.Remove(t.Context(), "short"); err != nil {
		t.Error(err)
	}
	if _, err := place.Open(t.Context(), "short"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if len(b.uploads) != 0 {
		t.Errorf("%d uploads are not ended", len(b.uploads))
	}
}

func TestBucketFails(t *testing.T) {
	t.Parallel()
	t.Run("a write that fails leaves nothing", func(t *testing.T) {
		t.Parallel()
		b := newFakeBucket(t)
		fault := errors.New("fault")
		err := b.open("").Write(t.Context(), "x", func(w io.Writer) error {
			if _, err := w.Write(make([]byte, 17<<20)); err != nil {
				return err
			}
			return fault
		}, nil)
		if !errors.Is(err, fault) || len(b.uploads) != 0 || len(b.objects) != 0 {
			t.Errorf("got %v, %d uploads, %d objects", err, len(b.uploads), len(b.objects))
		}
	})
	t.Run("a service that is busy is asked again", func(t *testing.T) {
		t.Parallel()
		b, n := newFakeBucket(t), 0
		b.refuse = func(r *http.Request) int {
			if n++; r.Method == http.MethodPut && n < 4 {
				return http.StatusServiceUnavailable
			}
			return 0
		}
		if err := b.open("").Write(t.Context(), "x", func(io.Writer) error { return nil }, nil); err != nil {
			t.Error(err)
		}
	})
	t.Run("a refusal is said", func(t *testing.T) {
		t.Parallel()
		b := newFakeBucket(t)
		b.refuse = func(*http.Request) int { return http.StatusForbidden }
		if _, err := b.open("").List(t.Context()); err == nil || !strings.Contains(err.Error(), "403 Forbidden SlowDown m") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("what is missing is named", func(t *testing.T) {
		t.Parallel()
		_, err := backup.OpenBucket("press", "", func(string) string { return "" })
		if err == nil || err.Error() != "set AWS_ACCESS_KEY_ID, AWS_REGION, AWS_SECRET_ACCESS_KEY" {
			t.Errorf("got %v", err)
		}
	})
}

func TestPrune(t *testing.T) {
	t.Parallel()
	b := newFakeBucket(t)
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for _, age := range []time.Duration{40, 30, 20, 10} {
		b.objects["p/"+backup.Name(now.Add(-age*time.Hour), age == 30)] = []byte("x")
	}
	b.objects["p/redthread-other.tar.zst"] = []byte("x")
	removed, err := backup.Prune(t.Context(), b.open("p/"), now, 24*time.Hour)
	if diff := cmp.Diff([]string{"redthread-20260129T200000Z.tar.zst", "redthread-20260130T060000Z.tar.zst.age"}, removed); err != nil || diff != "" {
		t.Errorf("got %v, %v", removed, err)
	}
	removed, err = backup.Prune(t.Context(), b.open("p/"), now.AddDate(1, 0, 0), time.Hour)
	if len(removed) != 1 || err != nil || len(b.objects) != 2 {
		t.Errorf("the last one has to stay: removed %v, left %d, %v", removed, len(b.objects), err)
	}
}
