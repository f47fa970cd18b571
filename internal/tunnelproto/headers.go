package tunnelproto

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Headers by which the two sides talk to each other. None of them may come from
// a visitor or from an origin: everything with the prefix is dropped on entry.
const (
	internalPrefix  = "Cf-Cloudflared-"
	headerUpgrade   = "Cf-Cloudflared-Proxy-Connection-Upgrade"
	headerTCP       = "Cf-Cloudflared-Proxy-Src"
	headerResponse  = "Cf-Cloudflared-Response-Headers"
	headerMeta      = "Cf-Cloudflared-Response-Meta"
	upgradeControl  = "control-stream"
	upgradeConfig   = "update-configuration"
	upgradeWebsock  = "websocket"
	metaOrigin      = `{"src":"origin"}`
	metaCloudflared = `{"src":"cloudflared"}`
)

// ResponseSource says who answered: "origin", or "cloudflared" when it could
// not get an answer from the origin. A fixed status of an ingress rule counts as
// "origin". Empty: the response did not come through a tunnel.
func ResponseSource(r *http.Response) string {
	var meta struct {
		Src string `json:"src"`
	}
	if err := json.Unmarshal([]byte(r.Header.Get(headerMeta)), &meta); err != nil {
		return ""
	}
	return meta.Src
}

// encodeHeaders packs the origin's headers into one value, so that HTTP/2's
// rules for names and values do not touch them. Sorted, to be the same each time.
func encodeHeaders(h http.Header) string {
	var b strings.Builder
	enc := base64.RawStdEncoding
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, v := range h[name] {
			if b.Len() > 0 {
				b.WriteByte(';')
			}
			b.WriteString(enc.EncodeToString([]byte(name)) + ":" + enc.EncodeToString([]byte(v)))
		}
	}
	return b.String()
}

func decodeHeaders(s string) (http.Header, error) {
	h := http.Header{}
	if s == "" {
		return h, nil
	}
	for pair := range strings.SplitSeq(s, ";") {
		name, value, ok := strings.Cut(pair, ":")
		if !ok {
			return nil, fmt.Errorf("response header %q has no value", pair)
		}
		n, err := base64.RawStdEncoding.DecodeString(name)
		if err != nil {
			return nil, fmt.Errorf("response header name %q: %w", name, err)
		}
		v, err := base64.RawStdEncoding.DecodeString(value)
		if err != nil {
			return nil, fmt.Errorf("response header value %q: %w", value, err)
		}
		h.Add(string(n), string(v))
	}
	return h, nil
}

// dropInternal removes what only the two sides of the tunnel may say.
func dropInternal(h http.Header) {
	maps.DeleteFunc(h, func(name string, _ []string) bool {
		return strings.HasPrefix(http.CanonicalHeaderKey(name), internalPrefix)
	})
}

// dropHopByHop removes what belongs to the visitor's own connection and is
// illegal or meaningless in HTTP/2. Expect is answered by whoever faces the
// visitor.
func dropHopByHop(h http.Header) {
	for _, v := range h.Values("Connection") {
		for name := range strings.SplitSeq(v, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	for _, name := range []string{
		"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Expect",
	} {
		h.Del(name)
	}
}
