package tunnelproto

import (
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
	capnp "zombiezen.com/go/capnproto2"
)

// root makes an empty struct in a message of its own.
func root(t *rapid.T, size capnp.ObjectSize) capnp.Struct {
	_, seg, err := capnp.NewMessage(capnp.SingleSegment(nil))
	if err != nil {
		t.Fatal(err)
	}
	s, err := capnp.NewRootStruct(seg, size)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestARegistrationReadsBackWhatWasWritten(t *testing.T) {
	text := rapid.StringMatching(`[a-z0-9._]{0,12}`)
	rapid.Check(t, func(t *rapid.T) {
		want := Registration{
			AccountTag: text.Draw(t, "account"), TunnelID: NewUUID(), ClientID: NewUUID(),
			Secret: rapid.SliceOf(rapid.Byte()).Draw(t, "secret"), ConnIndex: rapid.Byte().Draw(t, "index"),
			Version: text.Draw(t, "version"), Arch: text.Draw(t, "arch"),
			Features:        rapid.SliceOf(text).Draw(t, "features"),
			ReplaceExisting: rapid.Bool().Draw(t, "replace"), Attempts: rapid.Byte().Draw(t, "attempts"), Compression: rapid.Byte().Draw(t, "compression"),
			LocalIP: netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "ip"))),
		}
		params := root(t, sizeRegister())
		if err := writeRegistration(params, want); err != nil {
			t.Fatal(err)
		}
		got, err := readRegistration(params)
		if err != nil {
			t.Fatal(err)
		}
		if got.AccountTag != want.AccountTag || string(got.Secret) != string(want.Secret) || got.LocalIP != want.LocalIP {
			t.Fatal("account, secret or address changed on the way")
		}
		ignore := cmpopts.IgnoreFields(Registration{}, "Secret", "LocalIP")
		if diff := cmp.Diff(want, got, ignore, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestAnAnswerReadsBackWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		details := Details{ConnectionID: NewUUID(), Location: rapid.StringMatching(`[a-z]{3}[0-9]{2}`).Draw(t, "location"), RemotelyManaged: rapid.Bool().Draw(t, "remote")}
		results := root(t, sizeResult())
		if err := writeResponse(results, details, nil); err != nil {
			t.Fatal(err)
		}
		if got, err := readResponse(results); err != nil || got != details {
			t.Fatalf("got %+v, %v; want %+v", got, err, details)
		}

		refusal := &RegisterError{
			Cause: rapid.StringN(1, 20, -1).Draw(t, "cause"), Retry: rapid.Bool().Draw(t, "retry"),
			RetryAfter: time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "after")),
		}
		results = root(t, sizeResult())
		if err := writeResponse(results, Details{}, refusal); err != nil {
			t.Fatal(err)
		}
		_, err := readResponse(results)
		if diff := cmp.Diff(error(refusal), err, cmp.Comparer(func(a, b error) bool { return *a.(*RegisterError) == *b.(*RegisterError) })); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestHeadersReadBackWhatWasPacked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := http.Header{}
		for range rapid.IntRange(0, 6).Draw(t, "n") {
			want.Add(rapid.StringMatching(`[A-Za-z][A-Za-z-]{0,8}`).Draw(t, "name"), rapid.String().Draw(t, "value"))
		}
		got, err := decodeHeaders(encodeHeaders(want))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestPackedHeadersThatMakeNoSenseAreAnError(t *testing.T) {
	for _, s := range []string{"nocolon", "!!:YQ", "YQ:!!", "YQ:YQ;"} {
		if h, err := decodeHeaders(s); err == nil {
			t.Errorf("%q was read as %v", s, h)
		}
	}
}

func TestWhatIsNoUUIDIsRefused(t *testing.T) {
	for _, s := range []string{"", "x", "11111111-2222-4333-8444-55555555555", "11111111x2222-4333-8444-555555555555", "g1111111-2222-4333-8444-555555555555", "1111111--2222-4333-8444-555555555555"} {
		if _, err := parseUUID(s); err == nil {
			t.Errorf("%q passed", s)
		}
	}
	if u := NewUUID(); len(u) != 36 || u == NewUUID() {
		t.Errorf("NewUUID gave %q, or the same twice", u)
	}
}
