package tunnelproto_test

import (
	"bytes"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/culvert/culvert/internal/tunnelproto"
)

func benchBoth(b *testing.B, bench func(*testing.B, tunnelproto.Protocol)) {
	for _, p := range []tunnelproto.Protocol{tunnelproto.HTTP2, tunnelproto.QUIC} {
		b.Run(string(p), func(b *testing.B) { bench(b, p) })
	}
}

// Two hundred visitors at once over a connector's four connections.
func BenchmarkTwoHundredRequestsAtOnce(b *testing.B) {
	benchBoth(b, func(b *testing.B, p tunnelproto.Protocol) {
		te := startEdge(b)
		run(b, te.connector(p, 4, hello))
		conns := te.wait(4)
		for b.Loop() {
			var all sync.WaitGroup
			for i := range 200 {
				all.Go(func() {
					resp, err := conns[i%len(conns)].RoundTrip(request(b, "GET", "http://app.example.com/", nil))
					if err != nil {
						b.Error(err)
						return
					}
					if got := body(b, resp); got != "hello" {
						b.Errorf("got %q", got)
					}
					_ = resp.Body.Close()
				})
			}
			all.Wait()
		}
	})
}

const bigBody = 64 << 20

func BenchmarkABigDownload(b *testing.B) {
	benchBoth(b, func(b *testing.B, p tunnelproto.Protocol) {
		conn := connect(b, p, func(w http.ResponseWriter, _ *http.Request) {
			piece := make([]byte, 1<<20)
			for range bigBody / len(piece) {
				if _, err := w.Write(piece); err != nil {
					b.Error(err)
				}
			}
		})
		b.SetBytes(bigBody)
		for b.Loop() {
			resp := get(b, conn, "http://app.example.com/")
			if n, err := io.Copy(io.Discard, resp.Body); n != bigBody || err != nil {
				b.Errorf("%d bytes, %v", n, err)
			}
		}
	})
}

func BenchmarkABigUpload(b *testing.B) {
	benchBoth(b, func(b *testing.B, p tunnelproto.Protocol) {
		conn := connect(b, p, func(_ http.ResponseWriter, r *http.Request) {
			if n, err := io.Copy(io.Discard, r.Body); n != bigBody || err != nil {
				b.Errorf("%d bytes, %v", n, err)
			}
		})
		payload := make([]byte, bigBody)
		b.SetBytes(bigBody)
		for b.Loop() {
			resp, err := conn.RoundTrip(request(b, "PUT", "http://app.example.com/", bytes.NewReader(payload)))
			if err != nil {
				b.Fatal(err)
			}
			_ = resp.Body.Close()
		}
	})
}
