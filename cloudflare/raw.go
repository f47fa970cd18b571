package cloudflare

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/culvert/culvert/setup"
)

// host is the form in which host names are compared.
func host(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".") }

// digest identifies a JSON value, whatever its order and spacing. Nothing gives
// the empty digest.
func digest(v any) string {
	if v == nil {
		return ""
	}
	sum := sha256.Sum256(canonical(v))
	return hex.EncodeToString(sum[:])[:16]
}

// canonical is a JSON value with sorted keys and sorted lists: the order of the
// lists that we digest means nothing to Cloudflare.
func canonical(v any) []byte {
	b, err := json.Marshal(sortLists(v))
	if err != nil { // v came out of JSON
		panic(err)
	}
	return b
}

func sortLists(v any) any {
	switch v := v.(type) {
	case []any:
		sorted := make([]any, len(v))
		for i := range v {
			sorted[i] = sortLists(v[i])
		}
		slices.SortFunc(sorted, func(a, b any) int { return bytes.Compare(canonical(a), canonical(b)) })
		return sorted
	case map[string]any:
		out := make(map[string]any, len(v))
		for k := range v {
			out[k] = sortLists(v[k])
		}
		return out
	}
	return v
}

// trim drops what says no more than its absence: null, false, 0, "", and empty
// lists and objects. Inside a list everything counts, as {"everyone":{}} does.
func trim(v any) any {
	switch v := v.(type) {
	case []any:
		if len(v) > 0 {
			return v
		}
		return nil
	case map[string]any:
		out := map[string]any{}
		for k := range v {
			if kept := trim(v[k]); kept != nil {
				out[k] = kept
			}
		}
		if len(out) > 0 {
			return out
		}
		return nil
	}
	if v == nil || v == false || v == "" || v == float64(0) {
		return nil
	}
	return v
}

// others are the fields of an object that change who gets in and are not ours
// to set: their digest is a state's Other.
type others []string

// digest of the fields that are set in raw, and of what the caller adds.
func (f others) digest(raw []byte, more map[string]any) string {
	set := map[string]any{}
	for _, name := range f {
		if v := trim(gjson.GetBytes(raw, name).Value()); v != nil {
			set[name] = v
		}
	}
	for name, v := range more {
		if v := trim(v); v != nil {
			set[name] = v
		}
	}
	return digest(trim(set))
}

// apply makes the fields as a state asks: none of them, or as they are. Others
// we cannot make, because a digest does not say what they were.
func (f others) apply(raw []byte, have, want string) ([]byte, *setup.Problem) {
	switch want {
	case have:
		return raw, nil
	case "":
		return without(raw, f...), nil
	}
	return nil, refused(setup.CodeRefused, "It had settings that Culvert does not manage and that are gone now, so it cannot be put back exactly. Restore it in the dashboard (Zero Trust, Access).")
}

// with sets one field and leaves the other bytes as they are.
func with(raw []byte, field string, value any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil { // strings, numbers, lists and raw JSON that was read
		panic(err)
	}
	out, err := sjson.SetRawBytes(raw, field, bytes.TrimSpace(b.Bytes()))
	if err != nil { // field names of ours
		panic(err)
	}
	return out
}

// without removes fields and leaves the other bytes as they are.
func without(raw []byte, fields ...string) []byte {
	for _, field := range fields {
		out, err := sjson.DeleteBytes(raw, field)
		if err != nil { // as in with
			panic(err)
		}
		raw = out
	}
	return raw
}
