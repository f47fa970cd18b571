package tunnelproto

import (
	"bytes"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func comparing() cmp.Options {
	return cmp.Options{cmp.AllowUnexported(connectRequest{}, connectResponse{}, pair{}, sessionRequest{}, sessionAnswer{}),
		cmpopts.EquateComparable(netip.AddrPort{}), cmpopts.EquateEmpty()}
}

func drawPairs(t *rapid.T) []pair {
	return rapid.SliceOf(rapid.Custom(func(t *rapid.T) pair {
		return pair{rapid.String().Draw(t, "key"), rapid.String().Draw(t, "value")}
	})).Draw(t, "metadata")
}

func drawSession(t *rapid.T) sessionRequest {
	ip := netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "ip4")))
	if rapid.Bool().Draw(t, "six") {
		ip = netip.AddrFrom16([16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "ip6"))).Unmap()
	}
	return sessionRequest{
		id:   sessionID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id")),
		addr: netip.AddrPortFrom(ip, rapid.Uint16().Draw(t, "port")),
		idle: time.Duration(rapid.Uint16().Draw(t, "idle")) * time.Second,
	}
}

func TestTheHeadOfAStreamReadsBackAndNoFurther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := connectRequest{dest: rapid.String().Draw(t, "dest"), kind: streamKind(rapid.Uint16().Draw(t, "kind")), metadata: drawPairs(t)}
		head, err := want.bytes()
		if err != nil {
			t.Fatal(err)
		}
		stream := bytes.NewReader(append(head, "the rest"...))
		signature, err := readSignature(stream)
		if err != nil || signature != signatureData {
			t.Fatalf("signature %x, %v", signature, err)
		}
		got, err := readConnectRequest(stream)
		if diff := cmp.Diff(want, got, comparing()); diff != "" || err != nil {
			t.Fatal(err, diff)
		}
		if rest, _ := io.ReadAll(stream); string(rest) != "the rest" {
			t.Fatalf("after it comes %q", rest)
		}
	})
}

func TestTheHeadOfAnAnswerReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := connectResponse{failure: rapid.String().Draw(t, "failure"), metadata: drawPairs(t)}
		head, err := want.bytes()
		if err != nil {
			t.Fatal(err)
		}
		got, err := readConnectResponse(bytes.NewReader(head))
		if diff := cmp.Diff(want, got, comparing()); diff != "" || err != nil {
			t.Fatal(err, diff)
		}
	})
}

func TestAHeadThatIsNoneIsRefused(t *testing.T) {
	good, err := connectResponse{metadata: []pair{{"k", "v"}}}.bytes()
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string]string{
		"nothing":         "",
		"RPC":             signatureRPC + string(good[6:]),
		"another version": signatureData + "99" + string(good[8:]),
		"cut":             string(good[:len(good)-1]),
		"no message":      signatureData + dataVersion + "\x00\x00\x00\x00\x01\x00\x00\x00" + strings.Repeat("\x00", 8),
		"too long":        signatureData + dataVersion + "\x00\x00\x00\x00\xff\xff\xff\x0f",
	} {
		if _, err := readConnectResponse(strings.NewReader(raw)); err == nil {
			t.Errorf("%s: it was read", name)
		}
	}
}

func TestBytesThatAreNoHeadNeverPanic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		junk := rapid.SliceOf(rapid.Byte()).Draw(t, "junk")
		_, _ = readConnectResponse(strings.NewReader(signatureData + dataVersion + string(junk)))
	})
}

func TestDatagramsOfTheOlderFormReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id, payload := drawSession(t).id, rapid.SliceOf(rapid.Byte()).Draw(t, "payload")
		gotID, got, ok := unpackV2(packV2(id, payload))
		if !ok || gotID != id || !bytes.Equal(got, payload) {
			t.Fatalf("%v, %x", ok, got)
		}
	})
}

func TestDatagramsOfTheNewerFormReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want, payload := drawSession(t), rapid.SliceOf(rapid.Byte()).Draw(t, "payload")
		id, got, ok := unpackV3(packV3(want.id, payload))
		if !ok || id != want.id || !bytes.Equal(got, payload) {
			t.Fatalf("%v, %x", ok, got)
		}
		if got, ok := unpackOpen(packOpen(want)); !ok || got != want {
			t.Fatalf("an opening reads back as %v", got)
		}
		answer := sessionAnswer{id: want.id, code: rapid.Byte().Draw(t, "code"), text: rapid.StringN(-1, -1, 1000).Draw(t, "text")}
		if got, ok := unpackAnswer(packAnswer(answer)); !ok || got != answer {
			t.Fatalf("an answer reads back as %v", got)
		}
	})
}

// The bytes are those of cloudflared's source, quic/v3.
func TestAnOpeningHasTheFormThatCloudflaredReads(t *testing.T) {
	r := sessionRequest{id: sessionID{0: 0xaa, 15: 0xbb}, addr: netip.MustParseAddrPort("172.18.0.2:53"), idle: 210 * time.Second}
	want := "\x00\x00\x00\x35\x00\xd2\xaa" + strings.Repeat("\x00", 14) + "\xbb\xac\x12\x00\x02"
	if got := string(packOpen(r)); got != want {
		t.Errorf("it is %x", got)
	}
	r.addr = netip.MustParseAddrPort("[2606:4700:cf1:2000::1]:53")
	if got := packOpen(r); got[1] != flagIPv6 || len(got) != 38 {
		t.Errorf("for IPv6 it is %x", got)
	}
}

func TestBytesThatAreNoDatagramNeverPanic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOf(rapid.Byte()).Draw(t, "junk")
		_, _, _ = unpackV2(b)
		_, _, _ = unpackV3(b)
		_, _ = unpackOpen(b)
		_, _ = unpackAnswer(b)
	})
}

func TestWhatIsAskedByRPCReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		session := drawSession(t)
		params := root(t, sizeOpenSession())
		if err := writeSessionRequest(params, session); err != nil {
			t.Fatal(err)
		}
		if got, err := readSessionRequest(params); err != nil || got != session {
			t.Fatalf("a session reads back as %v, %v", got, err)
		}
		text := rapid.String().Draw(t, "text")
		params = root(t, sizeCloseSession())
		if err := writeSessionEnd(params, session.id, text); err != nil {
			t.Fatal(err)
		}
		if id, why, err := readSessionEnd(params); err != nil || id != session.id || why != text {
			t.Fatalf("its end reads back as %v %q, %v", id, why, err)
		}
		version := int(rapid.Int32().Draw(t, "version"))
		params = root(t, sizeConfigure())
		if err := writeConfigure(params, configUpdate{version, []byte(text)}); err != nil {
			t.Fatal(err)
		}
		if got, err := readConfigure(params); err != nil || got.Version != version || string(got.Config) != text {
			t.Fatalf("a configuration reads back as %v, %v", got, err)
		}
		results := root(t, sizeResult())
		if err := writeConfigured(results, version, text); err != nil {
			t.Fatal(err)
		}
		if applied, failure, err := readConfigured(results); err != nil || applied != version || failure != text {
			t.Fatalf("its answer reads back as %d %q, %v", applied, failure, err)
		}
	})
}

func TestWhatIsAskedByRPCMustBeWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		if _, err := readSessionRequest(root(t, sizeOpenSession())); err == nil {
			t.Fatal("a session without a name was read")
		}
		if _, _, err := readSessionEnd(root(t, sizeCloseSession())); err == nil {
			t.Fatal("the end of a session without a name was read")
		}
	})
}

func TestARequestOfAStreamIsOneAsAServerHasIt(t *testing.T) {
	head := connectRequest{dest: "https://app.example.com/a%2Fb?x=1", metadata: []pair{
		{keyMethod, "PUT"}, {keyHost, "other.example.com"}, {keyHeaderPrefix + "Content-Length", "3"},
		{keyHeaderPrefix + "X-Two", "one"}, {keyHeaderPrefix + "X-Two", "two"}, {keyHeaderPrefix + "Cf-Cloudflared-Proxy-Src", "x"},
		{"FlowID", "1"},
	}}
	r, err := head.http(io.NopCloser(strings.NewReader("abc")))
	if err != nil {
		t.Fatal(err)
	}
	if r.Method != "PUT" || r.Host != "other.example.com" || r.URL.EscapedPath() != "/a%2Fb" || r.RequestURI != "/a%2Fb?x=1" || r.ContentLength != 3 {
		t.Errorf("it is %+v", r)
	}
	want := http.Header{"Content-Length": {"3"}, "X-Two": {"one", "two"}}
	if diff := cmp.Diff(want, r.Header); diff != "" {
		t.Error(diff)
	}
	for name, bad := range map[string]connectRequest{
		"a length that is none": {dest: "https://a.b/", metadata: []pair{{keyHeaderPrefix + "Content-Length", "x"}}},
		"an address":            {dest: "https://a.b/%zz"},
	} {
		if _, err := bad.http(http.NoBody); err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
}

// The offsets are those of cloudflared's schema, quic_metadata_protocol.capnp.
func TestTheHeadOfAStreamHasTheFormThatCloudflaredReads(t *testing.T) {
	head, err := connectRequest{dest: "172.18.0.2:80", kind: kindTCP, metadata: []pair{{"FlowID", "1"}}}.bytes()
	if err != nil {
		t.Fatal(err)
	}
	const (
		begin   = "\x0a\x36\xcd\x12\xa1\x3e" + "01"
		single  = "\x00\x00\x00\x00"                 // one segment
		root    = "\x00\x00\x00\x00\x01\x00\x02\x00" // a struct of one word and two pointers
		content = "\x02\x00\x00\x00\x00\x00\x00\x00" // TCP
	)
	got := string(head)
	if !strings.HasPrefix(got, begin+single) {
		t.Fatalf("it begins with %x", got[:12])
	}
	body := got[len(begin)+8:]
	if !strings.HasPrefix(body, root+content) {
		t.Errorf("the message begins with %x", body[:16])
	}
	if words := int(got[len(begin)+4]); len(body) != 8*words {
		t.Errorf("it announces %d words and has %d bytes", words, len(body))
	}
	for _, text := range []string{"172.18.0.2:80\x00", "FlowID\x00", "1\x00"} {
		if !strings.Contains(body, text) {
			t.Errorf("it lacks %q", text)
		}
	}
}

func TestADatagramOfTheOlderFormEndsWithItsName(t *testing.T) {
	if got := string(packV2(sessionID{0: 0xaa, 15: 0xbb}, []byte("x"))); got != "x\xaa"+strings.Repeat("\x00", 14)+"\xbb\x00" {
		t.Errorf("it is %x", got)
	}
}
