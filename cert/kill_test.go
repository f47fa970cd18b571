package cert_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/culvert/culvert/cert"
	"github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/setup"
)

// childEnv holds what a process of its own orders, and where.
const childEnv = "CERT_TEST_CHILD"

type childOrder struct {
	API                      api
	Dir, Directory, Resolver string
	Root                     []byte // PEM
	Want                     cert.Want
}

// TestMain is also the process that gets killed.
func TestMain(m *testing.M) {
	if text := os.Getenv(childEnv); text != "" {
		if err := orderAsChild(text); err != nil {
			os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func orderAsChild(text string) error {
	var o childOrder
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(o.Root)
	m, err := cert.New(cert.Options{Dir: o.Dir, DNS: o.API, Mark: mark, Directory: o.Directory, Roots: roots, Resolvers: []string{o.Resolver}})
	if err != nil {
		return err
	}
	_, err = m.Ensure(context.Background(), o.Want)
	return err
}

// A process that is killed when its record was made, before it knew, leaves the
// record; the next one takes it away and gets its certificate.
func TestAProcessKilledWithItsRecordMadeLeavesNothingForLong(t *testing.T) {
	var child atomic.Pointer[os.Process]
	var w *world
	w = newWorldWith(t, sim.Options{OnChange: func() {
		if p := child.Swap(nil); p != nil {
			if err := p.Signal(syscall.SIGKILL); err != nil {
				w.Error(err)
			}
		}
	}}, nil)
	order := childOrder{API: w.dns, Dir: w.dir, Directory: w.pebble.Directory, Resolver: w.resolver, Want: w.public(private), Root: pemOf(w.pebble.Server)}
	text, err := json.Marshal(order)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+string(text))
	cmd.Stderr = os.Stderr
	cmd.WaitDelay = 30 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	child.Store(cmd.Process)
	err = cmd.Wait()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		t.Fatalf("the process ended with %v", err)
	}
	if left := w.proofs(); len(left) != 1 || left[0] != "_acme-challenge."+private {
		t.Fatalf("in DNS stand %v", left)
	}
	if err := w.dns.AddTXT(t.Context(), w.Zone, "_acme-challenge."+private, "of somebody else", "not ours"); err != nil {
		t.Fatal(err)
	}
	m := w.manager()
	if s := w.status(m, private); s.State != cert.Missing || s.Failure != nil {
		t.Errorf("before the next look: %+v", s)
	}
	w.renew(m)
	if s := w.status(m, private); s.State != cert.Good {
		t.Errorf("after it: %+v", s)
	}
	w.served(private, w.pebble.Issued())
	if left := w.proofs(); len(left) != 1 {
		t.Errorf("left in DNS: %v", left)
	}
}

func TestForgettingWhatWasHalfDoneTakesItsRecordAway(t *testing.T) {
	w := newWorld(t, nil)
	ctx, stop := context.WithCancel(t.Context())
	m := w.manager(func(o *cert.Options) { o.DNS = stopping{w.dns, stop} })
	if _, err := m.Ensure(ctx, w.public(private)); err == nil {
		t.Fatal("it was not stopped")
	}
	if s := w.status(m, private); s.Failure != nil {
		t.Errorf("being stopped is told as a failure: %+v", s.Failure)
	}
	if n := len(w.proofs()); n != 1 {
		t.Fatalf("%d records in DNS", n)
	}
	denied := w.manager(func(o *cert.Options) {
		o.DNS = api{w.dns.URL, w.cloud.AddToken(sim.UserToken, "", "Zone Read"), w.ZoneID}
	})
	w.ensure(denied, cert.Want{Names: []string{private}, Source: cert.Internal})
	if err := w.manager().Forget(t.Context(), private); err != nil {
		t.Fatal(err)
	}
	if left := w.proofs(); len(left) != 0 {
		t.Errorf("left in DNS: %v", left)
	}
}

// stopping makes a record, and is stopped then; deleting does not work any more.
type stopping struct {
	api
	stop func()
}

func (s stopping) AddTXT(ctx context.Context, zone, name, value, mark string) error {
	err := s.api.AddTXT(ctx, zone, name, value, mark)
	s.stop()
	return err
}

func (s stopping) DropTXT(context.Context, string, string, string) error {
	return &setup.Problem{Code: setup.CodeUnavailable, Message: "Cloudflare could not be reached."}
}

func pemOf(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}
