package contract

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

type object = map[string]any

// OpenAPI returns what breaks clients of a released description of /v1 (OpenAPI 3.1 as JSON) at the present one. All its
// operations only read. now is the time at which what was deprecated is looked at.
func OpenAPI(released, present []byte, now time.Time) ([]string, error) {
	var old, recent object
	if err := json.Unmarshal(released, &old); err != nil {
		return nil, fmt.Errorf("the released description: %w", err)
	}
	if err := json.Unmarshal(present, &recent); err != nil {
		return nil, fmt.Errorf("the present description: %w", err)
	}
	c := &descriptions{breaks: breaks{now: now}, old: old, recent: recent, seen: map[[2]string]bool{}}
	for _, route := range keys(member(old, "paths")) {
		for _, method := range keys(member(old, "paths", route)) {
			c.operation(strings.ToUpper(method)+" "+route, member(old, "paths", route, method), member(recent, "paths", route, method))
		}
	}
	return c.sorted(), nil
}

// Trim returns a description without its examples, which promise nothing, with an indentation.
func Trim(description []byte) ([]byte, error) {
	var document any
	if err := json.Unmarshal(description, &document); err != nil {
		return nil, err
	}
	trim(document)
	text, err := json.MarshalIndent(document, "", " ")
	return append(text, '\n'), err
}

func trim(v any) {
	switch v := v.(type) {
	case object:
		for _, name := range []string{"example", "examples"} {
			// A property can have such a name as well: that one is a schema.
			if o, ok := v[name].(object); !ok || o["type"] == nil && o["$ref"] == nil {
				delete(v, name)
			}
		}
		for _, member := range v {
			trim(member)
		}
	case []any:
		for _, member := range v {
			trim(member)
		}
	}
}

// descriptions is a comparison of two descriptions.
type descriptions struct {
	breaks
	old, recent object
	seen        map[[2]string]bool // pairs of references that were compared, or are being compared
}

// member returns a member of a member and so on; nil if there is none that is an object.
func member(o object, path ...string) object {
	for _, name := range path {
		o, _ = o[name].(object)
	}
	return o
}

func keys(o object) []string { return slices.Sorted(maps.Keys(o)) }

// resolve follows the reference of a schema, a parameter or a response, and returns what it was.
func resolve(document, o object) (object, string) {
	reference, _ := o["$ref"].(string)
	if reference == "" {
		return o, ""
	}
	return member(document, strings.Split(strings.TrimPrefix(reference, "#/"), "/")...), reference
}

func isDeprecated(o object) (reason string, deprecated bool) {
	deprecated, _ = o["deprecated"].(bool)
	reason, _ = o["description"].(string)
	return reason, deprecated
}

func (c *descriptions) operation(path string, old, recent object) {
	if recent == nil {
		reason, deprecated := isDeprecated(old)
		c.removed(path, reason, deprecated)
		return
	}
	if old["operationId"] != recent["operationId"] {
		c.add("%s: the operation was called %v and is called %v", path, old["operationId"], recent["operationId"])
	}
	before, after := c.parameters(c.old, old), c.parameters(c.recent, recent)
	for _, name := range slices.Sorted(maps.Keys(before)) {
		where := path + " " + name
		if after[name] == nil {
			reason, deprecated := isDeprecated(before[name])
			c.removed(where, reason, deprecated)
			continue
		}
		if after[name]["required"] == true && before[name]["required"] != true {
			c.add("%s is required", where)
		}
		c.sent(where, member(before[name], "schema"), member(after[name], "schema"))
	}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if before[name] == nil && after[name]["required"] == true {
			c.add("%s %s is new and required", path, name)
		}
	}
	for _, status := range keys(member(old, "responses")) {
		then, _ := resolve(c.old, member(old, "responses", status))
		now, _ := resolve(c.recent, member(recent, "responses", status))
		if now == nil {
			c.add("%s: the response %s was removed", path, status)
			continue
		}
		for _, kind := range keys(member(then, "content")) {
			if member(now, "content", kind) == nil {
				c.add("%s: %s of the response %s was removed", path, kind, status)
				continue
			}
			c.received(path+" "+status, member(then, "content", kind, "schema"), member(now, "content", kind, "schema"))
		}
	}
}

// parameters returns the parameters of an operation by place and name.
func (c *descriptions) parameters(document, operation object) map[string]object {
	all := map[string]object{}
	list, _ := operation["parameters"].([]any)
	for _, p := range list {
		o, _ := p.(object)
		o, _ = resolve(document, o)
		all[fmt.Sprint(o["in"], " ", o["name"])] = o
	}
	return all
}

// sent compares the schemas of a parameter: all that could be sent has to be possible.
func (c *descriptions) sent(path string, old, recent object) {
	old, _ = resolve(c.old, old)
	recent, _ = resolve(c.recent, recent)
	for _, t := range types(old) {
		if len(types(recent)) > 0 && !slices.Contains(types(recent), t) {
			c.add("%s may no longer be %s", path, t)
		}
	}
	if before, after := list(old["enum"]), list(recent["enum"]); after != nil {
		for _, value := range before {
			if !slices.Contains(after, value) {
				c.add("%s may no longer be %v", path, value)
			}
		}
		if before == nil {
			c.add("%s may only be some values", path)
		}
	}
	for _, name := range []string{"default", "pattern", "format", "minimum", "maximum", "minLength", "maxLength", "maxItems"} {
		if recent[name] != nil && fmt.Sprint(old[name]) != fmt.Sprint(recent[name]) || name == "default" && old[name] != nil && recent[name] == nil {
			c.add("%s: %s was %v and is %v", path, name, old[name], recent[name])
		}
	}
	if items := member(old, "items"); items != nil && member(recent, "items") != nil {
		c.sent(path, items, member(recent, "items"))
	}
}

// received compares the schemas of what is in a response: all that comes has to be what could come before. Values that are
// added to an enum, and types to a choice, are announced as possible.
func (c *descriptions) received(path string, old, recent object) {
	old, from := resolve(c.old, old)
	recent, to := resolve(c.recent, recent)
	if from != "" || to != "" {
		if c.seen[[2]string{from, to}] {
			return
		}
		if c.seen[[2]string{from, to}] = true; from != "" {
			path = strings.TrimPrefix(from, "#/components/schemas/")
		}
	}
	if old["anyOf"] != nil || recent["anyOf"] != nil {
		c.choice(path, old, recent)
		return
	}
	for _, t := range types(recent) {
		if len(types(old)) > 0 && !slices.Contains(types(old), t) {
			c.add("%s may be %s", path, t)
		}
	}
	for _, name := range []string{"format", "pattern", "contentMediaType", "const"} {
		if old[name] != nil && fmt.Sprint(old[name]) != fmt.Sprint(recent[name]) {
			c.add("%s: %s was %v and is %v", path, name, old[name], recent[name])
		}
	}
	required := list(recent["required"])
	for _, name := range list(old["required"]) {
		if !slices.Contains(required, name) && member(recent, "properties", fmt.Sprint(name)) != nil {
			c.add("%s.%v may be missing", path, name)
		}
	}
	for _, name := range keys(member(old, "properties")) {
		property := member(old, "properties", name)
		now := member(recent, "properties", name)
		if now == nil {
			reason, deprecated := isDeprecated(property)
			c.removed(path+"."+name, reason, deprecated)
			continue
		}
		c.received(path+"."+name, property, now)
	}
	for _, name := range []string{"items", "additionalProperties"} {
		if inner := member(old, name); inner != nil {
			c.received(path+"[]", inner, member(recent, name))
		}
	}
}

// choice compares schemas of which one is a choice: each that was possible still has to be, and null must not be new.
func (c *descriptions) choice(path string, old, recent object) {
	before, after := alternatives(old), alternatives(recent)
	if null := func(list []object) bool {
		return slices.ContainsFunc(list, func(o object) bool { return slices.Contains(types(o), "null") })
	}; null(after) && !null(before) {
		c.add("%s may be null", path)
	}
	for i, option := range before {
		if slices.Equal(types(option), []string{"null"}) {
			continue
		}
		if !slices.ContainsFunc(after, func(o object) bool { return c.fits(option, o) }) {
			c.add("%s: possibility %d is not there as it was", path, i+1)
		}
	}
}

// fits reports whether a schema could stand where another did.
func (c *descriptions) fits(old, recent object) bool {
	trial := &descriptions{breaks: breaks{now: c.now}, old: c.old, recent: c.recent, seen: maps.Clone(c.seen)}
	trial.received("", old, recent)
	return len(trial.lines) == 0
}

func alternatives(o object) []object {
	options, ok := o["anyOf"].([]any)
	if !ok {
		return []object{o}
	}
	var all []object
	for _, option := range options {
		o, _ := option.(object)
		all = append(all, o)
	}
	return all
}

// types returns the JSON types that a schema allows; none if it does not say.
func types(o object) []string {
	switch t := o["type"].(type) {
	case string:
		return []string{t}
	case []any:
		var all []string
		for _, name := range t {
			all = append(all, fmt.Sprint(name))
		}
		return all
	}
	return nil
}

func list(v any) []any {
	all, _ := v.([]any)
	return all
}
