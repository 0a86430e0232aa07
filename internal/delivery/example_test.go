package delivery_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// How a receiver verifies a request. docs/webhooks.md has the same code.
func Example() {
	header := http.Header{}
	header.Set("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek")
	header.Set("webhook-timestamp", "1614265330")
	header.Set("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	now := time.Unix(1614265400, 0)
	fmt.Println(verify(secret, header, []byte(`{"test": 2432232314}`), now))
	fmt.Println(verify(secret, header, []byte(`{"test": 2432232315}`), now))
	fmt.Println(verify(secret, header, []byte(`{"test": 2432232314}`), now.Add(time.Hour)))
	// Output:
	// <nil>
	// no signature is right
	// the timestamp is off
}

func verify(secret string, header http.Header, body []byte, now time.Time) error {
	seconds, err := strconv.ParseInt(header.Get("webhook-timestamp"), 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		return errors.New("the timestamp is off")
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(fmt.Appendf(nil, "%s.%d.%s", header.Get("webhook-id"), seconds, body))
	want := []byte("v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	for _, got := range strings.Fields(header.Get("webhook-signature")) {
		if hmac.Equal([]byte(got), want) {
			return nil
		}
	}
	return errors.New("no signature is right")
}

func TestExampleMatchesDocs(t *testing.T) {
	t.Parallel()
	var code [2]string
	for i, file := range []string{"../../docs/webhooks.md", "example_test.go"} {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, after, _ := strings.Cut(string(raw), "func verify(secret string, header http.Header")
		code[i], _, _ = strings.Cut(after, "\n}\n")
	}
	if code[0] != code[1] || code[0] == "" {
		t.Errorf("docs/webhooks.md has\n%s\nand the example\n%s", code[0], code[1])
	}
}
