package exchange

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// maxDepth bounds the nesting that repeatedKey looks into. Documents have three levels.
const maxDepth = 64

// repeatedKey returns the path of a key that an object of a JSON text has twice, such as
// "citations[0].source"; "" if there is none. The package json would take the last one. Of
// text that is not JSON it looks at what comes before the error.
func repeatedKey(text []byte) string {
	repeated, _ := repeatedIn(json.NewDecoder(bytes.NewReader(text)), "", "", 0)
	return repeated
}

// repeatedIn reads a value and returns the path of a repeated key in it. It returns false
// where it did not read to the end of the value. The path of an object has its index in a
// list as well.
func repeatedIn(d *json.Decoder, path, index string, depth int) (repeated string, ok bool) {
	token, err := d.Token()
	start, nested := token.(json.Delim)
	if err != nil || !nested || depth == maxDepth {
		return "", err == nil && !nested
	}
	if start == '{' {
		path += index
	}
	keys := map[string]bool{}
	for i := 0; d.More(); i++ {
		at, index := path, ""
		if start == '[' {
			index = fmt.Sprintf("[%d]", i)
		} else {
			token, err := d.Token()
			key, isKey := token.(string)
			if err != nil || !isKey {
				return "", false
			}
			if at = key; path != "" {
				at = path + "." + key
			}
			if keys[key] && d.More() {
				return at, false
			}
			keys[key] = true
		}
		if repeated, ok := repeatedIn(d, at, index, depth+1); !ok {
			return repeated, false
		}
	}
	_, err = d.Token() // the end
	return "", err == nil
}
