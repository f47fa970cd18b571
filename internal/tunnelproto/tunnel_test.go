package tunnelproto_test

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/culvert/culvert/internal/tunnelproto"
)

func hello(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) }

func TestAConnectorRegistersWithAllItKnowsOfItself(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		te := startEdge(t)
		c := te.connector(p, 1, hello)
		run(t, c)
		conn := te.wait(1)[0]

		want := tunnelproto.Registration{
			AccountTag: "acc0", TunnelID: testToken().TunnelID, ClientID: c.ClientID,
			Version: "2026.8.2", Arch: runtime.GOOS + "_" + runtime.GOARCH, Features: []string{"allow_remote_config"},
		}
		got := conn.Registration()
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(got, "Secret", "LocalIP")); diff != "" {
			t.Error(diff)
		}
		if string(got.Secret) != string(testToken().Secret) || got.LocalIP.String() != "127.0.0.1" {
			t.Error("wrong secret or address", got.LocalIP)
		}
		eventually(t, "the connector is ready", func() bool { return c.Ready() == 1 })
		wantLive := []tunnelproto.Live{{Index: 0, Protocol: p, Details: conn.Details()}}
		if diff := cmp.Diff(wantLive, c.Live()); diff != "" {
			t.Error("the connector was told other details:", diff)
		}
		if d := conn.Details(); d.Location != "lab01" || len(d.ConnectionID) != 36 || !d.RemotelyManaged {
			t.Errorf("details %+v", d)
		}
		if conn.OpenedAt().IsZero() || conn.RemoteAddr() == nil {
			t.Error("the edge does not know when or from where")
		}
	})
}

func TestFourConnectionsShareOneConnectorID(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		te := startEdge(t)
		c := te.connector(p, 5, hello)
		run(t, c)
		var indexes []int
		for _, conn := range te.wait(4) {
			indexes = append(indexes, int(conn.Registration().ConnIndex))
			if id := conn.Registration().ClientID; id != c.ClientID {
				t.Errorf("connector id %s, want %s", id, c.ClientID)
			}
		}
		slices.Sort(indexes)
		if diff := cmp.Diff([]int{0, 1, 2, 3}, indexes); diff != "" {
			t.Error(diff)
		}
		eventually(t, "four are ready", func() bool { return c.Ready() == 4 })
	})
}

func TestOneEdgeAddressMeansOneConnection(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		te := startEdge(t)
		c := te.connector(p, 1, hello)
		c.Connections = 4
		stop := run(t, c)
		te.wait(1)
		stop()
		if n := te.departed(); n != 1 {
			t.Errorf("%d connections were made, want 1", n)
		}
	})
}

func TestAWrongSecretIsRefusedAndTriedAgain(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		asked := make(chan tunnelproto.Registration, 100)
		te := startEdgeWith(t, func(e *tunnelproto.Edge) {
			authenticate := e.Authenticate
			e.Authenticate = func(ctx context.Context, r tunnelproto.Registration) (tunnelproto.Details, error) {
				asked <- r
				return authenticate(ctx, r)
			}
		})
		c := te.connector(p, 4, hello)
		c.Token.Secret = []byte("wrong")
		run(t, c)
		for i := range 3 {
			r := receive(t, "another attempt", asked)
			if int(r.Attempts) != i || r.ConnIndex != 0 {
				t.Errorf("attempt %d came as attempt %d of connection %d", i, r.Attempts, r.ConnIndex)
			}
		}
		if c.Ready() != 0 || len(te.all()) != 0 {
			t.Error("a connection was let in")
		}
	})
}

func TestTheEdgeSaysHowLongToWait(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		times := make(chan time.Time, 10)
		te := startEdgeWith(t, func(e *tunnelproto.Edge) {
			e.Authenticate = func(context.Context, tunnelproto.Registration) (tunnelproto.Details, error) {
				times <- time.Now()
				return tunnelproto.Details{}, &tunnelproto.RegisterError{Cause: "busy", Retry: true, RetryAfter: 200 * time.Millisecond}
			}
		})
		run(t, te.connector(p, 1, hello))
		first, second := receive(t, "first attempt", times), receive(t, "second attempt", times)
		if d := second.Sub(first); d < 200*time.Millisecond {
			t.Errorf("it came back after %v", d)
		}
	})
}

func TestAnInnerErrorOfTheEdgeIsNotTold(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		te := startEdgeWith(t, func(e *tunnelproto.Edge) {
			e.Authenticate = func(context.Context, tunnelproto.Registration) (tunnelproto.Details, error) {
				return tunnelproto.Details{}, errors.New("the database is at 10.0.0.7")
			}
		})
		c := te.connector(p, 1, hello)
		log := newRecorder()
		c.Log = log.logger()
		run(t, c)
		rec := receive(t, "the connector logs the refusal", log.lines("Register tunnel error from server side"))
		if rec["error"] != "internal error" {
			t.Errorf("the connector was told %q", rec["error"])
		}
	})
}

func TestAConnectorTrustsItsOwnAuthorityOnly(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		te := startEdge(t)
		other, err := tunnelproto.NewCA()
		if err != nil {
			t.Fatal(err)
		}
		c := te.connector(p, 1, hello)
		c.TLS = other.ClientTLS()
		log := newRecorder()
		c.Log = log.logger()
		run(t, c)
		says := map[tunnelproto.Protocol]string{tunnelproto.HTTP2: "Unable to establish connection with Cloudflare edge",
			tunnelproto.QUIC: "Failed to dial a quic connection"}
		rec := receive(t, "the connector complains", log.lines(says[p]))
		var unknown x509.UnknownAuthorityError
		if err, ok := rec["error"].(error); !ok || !errors.As(err, &unknown) {
			t.Errorf("error %v", rec["error"])
		}
	})
}

func TestTheSameConnectorTakesItsPlaceAgain(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		te := startEdge(t)
		c := te.connector(p, 1, hello)
		c.Backoff = func(int) time.Duration { return time.Hour } // it stays away once it has lost its place
		run(t, c)
		old := te.wait(1)[0]

		again := te.connector(p, 1, hello)
		again.ClientID = c.ClientID
		run(t, again)
		receive(t, "the old connection ends", old.Done())
		eventually(t, "the old one is gone", func() bool { return te.departed() == 1 })
		if now := te.wait(1)[0]; now == old {
			t.Error("the old connection stayed")
		}
	})
}

func TestASecondConnectorStandsBesideTheFirst(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		te := startEdge(t)
		stop := run(t, te.connector(p, 1, hello))
		te.wait(1)
		run(t, te.connector(p, 1, hello))
		te.wait(2)
		stop()
		if got := te.wait(1)[0]; get(t, got, "http://app.example.com/").StatusCode != 200 {
			t.Error("the one that stayed does not answer")
		}
	})
}

func TestAConnectorComesBackAfterTheEdgeClosed(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		te := startEdge(t)
		c := te.connector(p, 4, hello)
		run(t, c)
		for _, conn := range te.wait(4) {
			_ = conn.Close()
		}
		eventually(t, "all four went", func() bool { return te.departed() == 4 })
		eventually(t, "all four are back", func() bool { return len(te.all()) == 4 && c.Ready() == 4 })
	})
}

func TestAConnectorComesBackAfterTheEdgeWasAway(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		te := startEdge(t)
		c := te.connector(p, 2, hello)
		run(t, c)
		te.wait(2)
		te.stop()
		eventually(t, "the connector is not ready", func() bool { return c.Ready() == 0 })
		if n := len(te.all()); n != 0 {
			t.Fatalf("%d connections were not told gone", n)
		}
		te.listen(te.addr)
		te.wait(2)
		eventually(t, "the connector is ready", func() bool { return c.Ready() == 2 })
	})
}

func TestWithoutAnEdgeAddressThereIsNothingToRun(t *testing.T) {
	if err := (&tunnelproto.Connector{}).Run(t.Context()); err == nil {
		t.Error("it ran")
	}
}

func TestAnEdgeWithoutItsListenerEnds(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if err := new(tunnelproto.Edge).Serve(t.Context(), l); err == nil {
		t.Error("it says that it was asked to end")
	}
}
