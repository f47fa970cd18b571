package sim

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/culvert/culvert/internal/tunnelproto"
)

// Two connectors share the visitors of a tunnel. One of them stops, which no
// visitor notices, not even those that it was answering.
func TestAReplicaThatStopsGoesUnnoticed(t *testing.T) {
	for _, p := range []tunnelproto.Protocol{tunnelproto.HTTP2, tunnelproto.QUIC} {
		t.Run(string(p), func(t *testing.T) { loseAReplica(t, p) })
	}
}

func loseAReplica(t *testing.T, p tunnelproto.Protocol) {
	s := serve(t, Options{})
	tunnel := s.newTunnel("t")
	path := "A/cfd_tunnel/" + tunnel.text("id")
	s.newCNAME("app", tunnel.text("id")+".cfargotunnel.com")
	var served [2]atomic.Int64
	var stops [2]func()
	for i := range served {
		c := s.newConnector(tunnel.text("token"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n, err := io.Copy(io.Discard, r.Body)
			if err != nil {
				t.Error(err)
			}
			served[i].Add(1)
			fmt.Fprint(w, n)
		}))
		c.Protocol = p
		stops[i] = s.run(c)
	}
	s.eventually("both are there", func() bool {
		clients := s.list(path + "/connections")
		return len(clients) == 2 && len(clients[0]["conns"].([]any)) == 4 && len(clients[1]["conns"].([]any)) == 4
	})
	s.ok("PUT", path+"/configurations", `{"config":{"ingress":[{"service":"http_status:404"}]}}`)
	s.eventually("each has the configuration", func() bool {
		clients := s.list(path + "/connections")
		return clients[0]["config_version"] == 1.0 && clients[1]["config_version"] == 1.0
	})
	var visitors sync.WaitGroup
	stopped := make(chan struct{})
	for range 8 {
		visitors.Go(func() {
			for after := 0; after < 20; {
				status, body := s.post("https://app.example.org/", "hello")
				if status != 200 || body != "5" {
					t.Errorf("a visitor gets %d %s", status, body)
				}
				select {
				case <-stopped:
					after++
				default:
				}
			}
		})
	}
	s.eventually("both serve visitors", func() bool { return served[0].Load() > 20 && served[1].Load() > 20 })
	stops[0]()
	close(stopped)
	visitors.Wait()
	if n := len(s.list(path + "/connections")); n != 1 {
		t.Errorf("%d connectors are left", n)
	}
}
