package takeback

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestOnlyWhatTheChangeDidIsTakenBack(t *testing.T) {
	for name, row := range map[string]struct{ before, after, since, want string }{
		"a row that was deleted comes back":          {`{"rows":{"a":{"n":1},"b":{}}}`, `{"rows":{"b":{}}}`, `{"rows":{"b":{},"c":{}}}`, `{"rows":{"a":{"n":1},"b":{},"c":{}}}`},
		"a row that was added goes":                  {`{"rows":{}}`, `{"rows":{"a":1}}`, `{"rows":{"a":1,"b":2}}`, `{"rows":{"b":2}}`},
		"a field gets its old value":                 {`{"a":{"n":1,"m":2}}`, `{"a":{"n":3,"m":2}}`, `{"a":{"n":3,"m":4}}`, `{"a":{"m":4,"n":1}}`},
		"what was changed since stays":               {`{"a":1}`, `{"a":2}`, `{"a":3}`, `{"a":3}`},
		"what was made anew since stays":             {`{"a":1}`, `{}`, `{"a":5}`, `{"a":5}`},
		"what it was in may be gone":                 {`{"a":{"n":1}}`, `{"a":{"n":2}}`, `{}`, `{}`},
		"null is not absent":                         {`{"a":null}`, `{}`, `{}`, `{"a":null}`},
		"large numbers are kept to the digit":        {`{"a":18446744073709551615}`, `{"a":1}`, `{"a":1}`, `{"a":18446744073709551615}`},
		"a list is one value":                        {`{"a":[1,2]}`, `{"a":[1]}`, `{"a":[1]}`, `{"a":[1,2]}`},
		"a list that was edited since is left alone": {`{"a":[1,2]}`, `{"a":[1]}`, `{"a":[1,3]}`, `{"a":[1,3]}`},
	} {
		edits, err := Between([]byte(row.before), []byte(row.after))
		if err != nil {
			t.Fatal(err)
		}
		got, err := From([]byte(row.since), edits)
		if err != nil || string(got) != row.want {
			t.Errorf("%s: %s, %v; want %s", name, got, err, row.want)
		}
	}
}

func TestTakingBackAtOnceGivesWhatWasBefore(t *testing.T) {
	value := rapid.OneOf(rapid.Just[any](nil), rapid.Map(rapid.IntRange(0, 3), func(n int) any { return n }))
	inner := rapid.Map(rapid.MapOfN(rapid.SampledFrom([]string{"x", "y"}), value, 0, 2), func(m map[string]any) any { return m })
	document := rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c"}), rapid.OneOf(value, inner), 0, 3)
	rapid.Check(t, func(t *rapid.T) {
		before, _ := json.Marshal(document.Draw(t, "before"))
		after, _ := json.Marshal(document.Draw(t, "after"))
		edits, err := Between(before, after)
		if err != nil {
			t.Fatal(err)
		}
		kept, err := json.Marshal(edits) // as a file keeps them
		if err != nil {
			t.Fatal(err)
		}
		edits = nil
		if err := json.Unmarshal(kept, &edits); err != nil {
			t.Fatal(err)
		}
		if got, err := From(after, edits); err != nil || cmp.Diff(string(before), string(got)) != "" {
			t.Fatalf("%s became %s and is back as %s (%v)", before, after, got, err)
		}
	})
}

func TestWhatIsNoDocumentIsRefused(t *testing.T) {
	if _, err := Between([]byte(`{`), []byte(`{}`)); err == nil {
		t.Error("half a document was read")
	}
	if _, err := From([]byte(``), nil); err == nil {
		t.Error("no document was read")
	}
}
