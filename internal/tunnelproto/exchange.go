package tunnelproto

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/quic-go/quic-go"
)

// exchange is a data stream, from its opening to its end, at the edge.
type exchange struct {
	stream *quic.Stream
	calm   func() bool // from now on the context does not matter; false: it ended first
	done   func()

	body   io.Closer // that is being sent, if any
	ending sync.Once

	mu       sync.Mutex
	uploaded bool
}

// reset gives both directions up.
func (x *exchange) reset() {
	x.stream.CancelRead(0)
	x.stream.CancelWrite(0)
}

// end is called when nothing more is wanted from the other side.
func (x *exchange) end() {
	x.ending.Do(func() {
		x.calm()
		x.stream.CancelRead(0)
		x.mu.Lock()
		defer x.mu.Unlock()
		if !x.uploaded {
			x.stream.CancelWrite(0)
			if x.body != nil {
				go func() { _ = x.body.Close() }() // it may wait for a read that is under way
			}
		}
		x.done()
	})
}

// failure is err, or what the context ended by.
func (x *exchange) failure(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// upload sends a request's body, if any, in the background, and closes it.
func (x *exchange) upload(req *http.Request) {
	if req.Body == nil || req.Body == http.NoBody {
		x.finish(nil)
		return
	}
	x.body = req.Body
	go x.send(req)
}

func (x *exchange) send(req *http.Request) {
	n, err := io.Copy(x.stream, req.Body)
	if err == nil && req.ContentLength > 0 && n != req.ContentLength {
		err = fmt.Errorf("a body of %d bytes, not of %d", n, req.ContentLength)
	}
	_ = req.Body.Close()
	x.finish(err)
}

func (x *exchange) finish(err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.uploaded = true
	if err != nil {
		x.stream.CancelWrite(0) // the other side must not take it for complete
		return
	}
	_ = x.stream.Close()
}

// httpHead is a request as its stream begins.
func httpHead(req *http.Request, kind streamKind) connectRequest {
	r := connectRequest{dest: req.URL.String(), kind: kind,
		metadata: []pair{{keyMethod, req.Method}, {keyHost, req.Host}}}
	h := req.Header.Clone()
	h.Del("Content-Length")
	h.Del("User-Agent")
	if agent := req.UserAgent(); agent != "" {
		h.Set("User-Agent", agent)
	}
	switch {
	case kind == kindWebsocket, req.Body == nil, req.Body == http.NoBody:
	case req.ContentLength > 0:
		h.Set("Content-Length", strconv.FormatInt(req.ContentLength, 10))
	default: // without either, cloudflared takes it that there is no body
		h.Set("Transfer-Encoding", "chunked")
	}
	r.metadata = append(r.metadata, headerPairs(h)...)
	return r
}

// headerPairs is sorted, to be the same each time.
func headerPairs(h http.Header) []pair {
	var pairs []pair
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, v := range h[name] {
			pairs = append(pairs, pair{keyHeaderPrefix + name, v})
		}
	}
	return pairs
}

// response reads the connector's answer. A failure of the connector's own is
// what it is over HTTP/2: a 502.
func (x *exchange) response(req *http.Request) (*http.Response, error) {
	answer, err := readConnectResponse(x.stream)
	if err != nil {
		return nil, x.failure(req.Context(), err)
	}
	resp := &http.Response{Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Request: req, Body: http.NoBody}
	if answer.failure != "" {
		x.end()
		resp.StatusCode = http.StatusBadGateway
		resp.Header.Set(headerMeta, metaCloudflared)
		return resp, nil
	}
	for _, p := range answer.metadata {
		if name, ok := strings.CutPrefix(p.key, keyHeaderPrefix); ok {
			resp.Header.Add(name, p.value)
		} else if p.key == keyStatus {
			resp.StatusCode, err = strconv.Atoi(p.value)
		}
	}
	if err != nil || resp.StatusCode < 100 {
		return nil, errors.New("the connector's answer has no status")
	}
	dropInternal(resp.Header)
	if resp.StatusCode != http.StatusSwitchingProtocols {
		dropHopByHop(resp.Header)
	}
	resp.Header.Set(headerMeta, metaOrigin)
	resp.Status = fmt.Sprintf("%d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	x.attachBody(resp)
	return resp, nil
}

func (x *exchange) attachBody(resp *http.Response) {
	resp.ContentLength = -1
	if n, err := strconv.ParseInt(resp.Header.Get("Content-Length"), 10, 64); err == nil && n >= 0 {
		resp.ContentLength = n
	}
	switch {
	case resp.StatusCode == http.StatusSwitchingProtocols:
		return
	case resp.Request.Method == http.MethodHead, resp.StatusCode == http.StatusNoContent, resp.StatusCode == http.StatusNotModified:
		x.end()
		return
	}
	resp.Body = &answerBody{exchange: x, ctx: resp.Request.Context(), left: resp.ContentLength}
}

// answerBody ends with its stream, and not before its announced length.
type answerBody struct {
	*exchange
	ctx  context.Context
	left int64 // negative: any
}

func (b *answerBody) Read(p []byte) (int, error) {
	n, err := b.stream.Read(p)
	if b.left >= 0 {
		b.left -= min(int64(n), b.left)
	}
	switch {
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF):
		return n, b.failure(b.ctx, err)
	case b.left > 0:
		return n, io.ErrUnexpectedEOF
	}
	b.end()
	return n, io.EOF
}

func (b *answerBody) Close() error {
	b.end()
	return nil
}
