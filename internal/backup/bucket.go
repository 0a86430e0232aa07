package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/redthread-api/redthread/internal/domain"
)

// partSize is how much of a backup is sent with one request. It bounds the memory for it; a backup has 10,000 parts
// at most, so 160 GB.
const partSize = 16 << 20

// requestTimeout bounds one request to a bucket, without the reading of what it returns.
const requestTimeout = 5 * time.Minute

// bucket is a prefix in a bucket of S3, or of a service that speaks its protocol, as a place.
type bucket struct {
	endpoint    *url.URL // with the bucket in its path
	prefix      string   // of keys; empty, or with a slash at the end
	region      string
	credentials aws.Credentials
	client      *http.Client
	signer      *v4.Signer
}

// OpenBucket returns a prefix of a bucket as a place. Credentials, the region and the address of the service are those of
// the variables of the environment that Amazon's own programs take. The error is [domain.ErrInvalid] if one is missing.
func OpenBucket(name, prefix string, getenv func(string) string) (Place, error) {
	b := &bucket{
		prefix: prefix,
		region: getenv("AWS_REGION"),
		credentials: aws.Credentials{
			AccessKeyID: getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: getenv("AWS_SESSION_TOKEN"),
		},
		client: &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: requestTimeout, ForceAttemptHTTP2: true}},
		// The path of a request to S3 is signed as it is sent.
		signer: v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }),
	}
	if b.region == "" {
		b.region = getenv("AWS_DEFAULT_REGION")
	}
	if name == "" || strings.ContainsAny(name, "/?#") {
		return nil, domain.Invalid("want s3://BUCKET/PREFIX")
	}
	var missing []string
	for variable, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": b.credentials.AccessKeyID, "AWS_SECRET_ACCESS_KEY": b.credentials.SecretAccessKey, "AWS_REGION": b.region,
	} {
		if value == "" {
			missing = append(missing, variable)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return nil, domain.Invalid("set %s", strings.Join(missing, ", "))
	}
	endpoint := "https://s3." + b.region + ".amazonaws.com"
	for _, variable := range []string{"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"} {
		if value := getenv(variable); value != "" {
			endpoint = value
		}
	}
	var err error
	if b.endpoint, err = url.Parse(endpoint); err != nil || b.endpoint.Host == "" {
		return nil, domain.Invalid("AWS_ENDPOINT_URL_S3: want a URL such as https://s3.example.org")
	}
	b.endpoint = b.endpoint.JoinPath(name)
	return b, nil
}

// Write implements [Place]. What is longer than a part is sent in parts, which become an object when the last one is there.
func (b *bucket) Write(ctx context.Context, name string, write func(io.Writer) error, check func(io.Reader) error) error {
	exists, err := b.exists(ctx, name)
	if err != nil {
		return err
	}
	if exists {
		return &fs.PathError{Op: "create", Path: b.prefix + name, Err: fs.ErrExist}
	}
	u := &upload{ctx: ctx, bucket: b, key: b.prefix + name}
	err = write(u)
	if err == nil {
		err = u.finish()
	}
	if err != nil {
		return errors.Join(err, u.abort(context.WithoutCancel(ctx)))
	}
	if check == nil {
		return nil
	}
	stored, err := b.Open(ctx, name)
	if err == nil {
		err = errors.Join(check(stored), stored.Close())
	}
	if err != nil {
		return errors.Join(err, b.Remove(context.WithoutCancel(ctx), name))
	}
	return nil
}

func (b *bucket) exists(ctx context.Context, name string) (bool, error) {
	response, err := b.do(ctx, http.MethodHead, b.prefix+name, nil, nil)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, response.Body.Close()
}

// Open implements [Place].
func (b *bucket) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	response, err := b.do(ctx, http.MethodGet, b.prefix+name, nil, nil)
	if err != nil {
		return nil, err
	}
	return response.Body, nil
}

// Remove implements [Place].
func (b *bucket) Remove(ctx context.Context, name string) error {
	return b.call(ctx, http.MethodDelete, b.prefix+name, nil, nil, nil)
}

// List implements [Place].
func (b *bucket) List(ctx context.Context) ([]string, error) {
	var names []string
	next := ""
	for {
		query := url.Values{"list-type": {"2"}, "prefix": {b.prefix}, "delimiter": {"/"}}
		if next != "" {
			query.Set("continuation-token", next)
		}
		var page struct {
			IsTruncated           bool
			NextContinuationToken string
			Contents              []struct{ Key string }
		}
		if err := b.call(ctx, http.MethodGet, "", query, nil, &page); err != nil {
			return nil, err
		}
		for _, object := range page.Contents {
			names = append(names, strings.TrimPrefix(object.Key, b.prefix))
		}
		if next = page.NextContinuationToken; !page.IsTruncated || next == "" {
			slices.Sort(names)
			return names, nil
		}
	}
}

// call sends a request and decodes the XML of its answer into result, if that is not nil.
func (b *bucket) call(ctx context.Context, method, key string, query url.Values, body []byte, result any) error {
	response, err := b.do(ctx, method, key, query, body)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, 16<<20))
	if err = errors.Join(err, response.Body.Close()); err != nil || result == nil {
		return err
	}
	if err := xml.Unmarshal(text, result); err != nil {
		return fmt.Errorf("%s of the bucket: the answer is not valid: %w", method, err)
	}
	return nil
}

// attempts is how often a request to a bucket is tried that fails on the network, or with a status that asks to try again.
const attempts = 4

// do sends a signed request. The caller closes the body of what it returns. A status other than 2xx is an error.
func (b *bucket) do(ctx context.Context, method, key string, query url.Values, body []byte) (*http.Response, error) {
	for attempt := 1; ; attempt++ {
		response, again, err := b.try(ctx, method, key, query, body)
		if err == nil || !again || attempt == attempts || ctx.Err() != nil {
			return response, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Duration(attempt*attempt) * 250 * time.Millisecond):
		}
	}
}

func (b *bucket) try(ctx context.Context, method, key string, query url.Values, body []byte) (_ *http.Response, again bool, err error) {
	address := *b.endpoint
	if key != "" {
		address.Path += "/" + key
	}
	address.RawPath = escapePath(address.Path)
	address.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20")
	request, err := http.NewRequestWithContext(ctx, method, address.String(), bytes.NewReader(body))
	if err != nil {
		return nil, false, err
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	request.Header.Set("X-Amz-Content-Sha256", hash)
	if err := b.signer.SignHTTP(ctx, b.credentials, request, hash, "s3", b.region, time.Now()); err != nil {
		return nil, false, err
	}
	response, err := b.client.Do(request)
	if err != nil {
		return nil, true, err
	}
	if response.StatusCode/100 == 2 {
		return response, false, nil
	}
	var fault struct{ Code, Message string }
	text, _ := io.ReadAll(io.LimitReader(response.Body, 64<<10)) // what cannot be read is left out
	_ = xml.Unmarshal(text, &fault)
	_ = response.Body.Close()
	if response.StatusCode == http.StatusNotFound && fault.Code != "NoSuchBucket" {
		return nil, false, &fs.PathError{Op: "open", Path: key, Err: fs.ErrNotExist}
	}
	return nil, response.StatusCode >= 500 || response.StatusCode == http.StatusTooManyRequests,
		fmt.Errorf("the bucket answers %s %s", response.Status, strings.TrimSpace(fault.Code+" "+fault.Message))
}

// escapePath escapes a path as the service does when it checks the signature: all but letters, digits, - . _ ~ and slashes.
func escapePath(path string) string {
	var s strings.Builder
	for i := range len(path) {
		switch c := path[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~/", c) >= 0:
			s.WriteByte(c)
		default:
			fmt.Fprintf(&s, "%%%02X", c)
		}
	}
	return s.String()
}

// upload sends what is written to it to an object.
type upload struct {
	ctx    context.Context // of the one Write that it lives in
	bucket *bucket
	key    string
	buf    []byte
	id     string // of an upload in parts; empty: none was begun
	parts  []completedPart
}

type completedPart struct {
	PartNumber int
	ETag       string
}

func (u *upload) Write(p []byte) (int, error) {
	written := len(p)
	for len(p) > 0 {
		n := min(partSize-len(u.buf), len(p))
		u.buf = append(u.buf, p[:n]...)
		if p = p[n:]; len(u.buf) == partSize {
			if err := u.send(); err != nil {
				return 0, err
			}
		}
	}
	return written, nil
}

// send sends a part.
func (u *upload) send() error {
	if u.id == "" {
		var begun struct{ UploadId string }
		if err := u.bucket.call(u.ctx, http.MethodPost, u.key, url.Values{"uploads": {""}}, nil, &begun); err != nil {
			return err
		}
		u.id = begun.UploadId
	}
	number := len(u.parts) + 1
	response, err := u.bucket.do(u.ctx, http.MethodPut, u.key, url.Values{"partNumber": {strconv.Itoa(number)}, "uploadId": {u.id}}, u.buf)
	if err != nil {
		return err
	}
	u.parts = append(u.parts, completedPart{number, response.Header.Get("ETag")})
	u.buf = u.buf[:0]
	return response.Body.Close()
}

func (u *upload) finish() error {
	if u.id == "" {
		return u.bucket.call(u.ctx, http.MethodPut, u.key, nil, u.buf, nil)
	}
	if len(u.buf) > 0 {
		if err := u.send(); err != nil {
			return err
		}
	}
	body, err := xml.Marshal(struct {
		XMLName xml.Name        `xml:"CompleteMultipartUpload"`
		Part    []completedPart `xml:"Part"`
	}{Part: u.parts})
	if err != nil {
		return err
	}
	// An error can come with the status 200.
	var done struct {
		XMLName       xml.Name
		Code, Message string
	}
	if err := u.bucket.call(u.ctx, http.MethodPost, u.key, url.Values{"uploadId": {u.id}}, body, &done); err != nil {
		return err
	}
	if done.XMLName.Local == "Error" {
		return fmt.Errorf("the bucket answers %s %s", done.Code, done.Message)
	}
	u.id = ""
	return nil
}

// abort takes back the parts of an upload that was not finished: they would be paid for.
func (u *upload) abort(ctx context.Context) error {
	if u.id == "" {
		return nil
	}
	return u.bucket.call(ctx, http.MethodDelete, u.key, url.Values{"uploadId": {u.id}}, nil, nil)
}
