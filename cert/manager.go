package cert

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/culvert/culvert/setup"
)

// DNS is where the proofs for a public authority are made: text records that
// carry a mark. Only records that carry the same mark are seen or deleted.
type DNS interface {
	AddTXT(ctx context.Context, zone, name, value, mark string) error
	// TXT gives the values on a name, by id.
	TXT(ctx context.Context, zone, name, mark string) (map[string]string, error)
	// DropTXT deletes a record; that it is gone already is no error.
	DropTXT(ctx context.Context, zone, id, mark string) error
}

// LetsEncrypt is the public authority that is used if no other is named.
const LetsEncrypt = "https://acme-v02.api.letsencrypt.org/directory"

// Options of a Manager.
type Options struct {
	Dir  string // where everything is kept; Culvert's alone
	DNS  DNS    // nil: no public certificates
	Mark string // on the records, one for each installation

	Directory string         // of the public authority (ACME); default LetsEncrypt
	Profile   string         // which of its kinds of certificate; empty: its default
	Roots     *x509.CertPool // for talking to it; nil: the system's
	// Resolvers are the name servers (host:port) that are asked for the domain
	// of a name, and whether a proof can be seen. Empty: the system's for the
	// first, the domain's own for the second, which is best: a resolver that
	// was asked too early may say "no such name" for half an hour.
	Resolvers []string
	// Trust is what devices trust, to say of the operator's own certificates
	// whether they will be; nil: the system's roots.
	Trust *x509.CertPool

	OnObtained func(Status) // a certificate is new where nginx reads it
	OnFailed   func(Status)

	Log   *slog.Logger     // default: discard
	Clock func() time.Time // default time.Now
}

// Manager gets certificates and looks after them. It is safe for concurrent use;
// one process at a time may use a folder.
type Manager struct {
	o    Options
	disk folder
	work chan struct{} // one piece of work at a time
}

// New makes a manager. It does nothing yet.
func New(o Options) (*Manager, error) {
	if o.Dir == "" {
		return nil, errors.New("cert: a folder is needed")
	}
	if o.DNS != nil && o.Mark == "" {
		return nil, errors.New("cert: a mark is needed, to know our records by")
	}
	if o.Directory == "" {
		o.Directory = LetsEncrypt
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder for certificates: %w", err)
	}
	return &Manager{o: o, disk: folder(o.Dir), work: make(chan struct{}, 1)}, nil
}

// begin waits for its turn; end gives it on.
func (m *Manager) begin(ctx context.Context) error {
	select {
	case m.work <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for other work on certificates: %w", ctx.Err())
	}
}

func (m *Manager) end() { <-m.work }

// Ensure gets a certificate if there is none that will do, and looks after it
// from then on. It tries at once, whatever failed before. The error says why
// there is no good certificate; a FieldError names what was typed wrong.
func (m *Manager) Ensure(ctx context.Context, want Want) (Status, error) {
	want, err := want.tidy()
	if err != nil {
		return Status{Want: want, State: Missing}, err
	}
	if err := m.begin(ctx); err != nil {
		return Status{Want: want, State: Missing}, err
	}
	defer m.end()
	return m.ensure(ctx, want)
}

// ensure is Ensure with its turn taken.
func (m *Manager) ensure(ctx context.Context, want Want) (Status, error) {
	e, err := m.disk.load(want.Name())
	if err != nil {
		m.o.Log.Warn("what was known of a certificate is lost", "name", want.Name(), "err", err)
	}
	if e == nil {
		e = &entry{}
	}
	if e.Source != want.Source {
		e.Obtained, e.Failure, e.Note = time.Time{}, nil, ""
	}
	e.Want = want
	if err := m.disk.save(*e); err != nil {
		return Status{Want: want, State: Missing}, err
	}
	return m.tend(ctx, e, true)
}

// Renew looks at every certificate once and does what is due. What fails is in
// the statuses; the error is for what keeps it from looking at all.
func (m *Manager) Renew(ctx context.Context) error {
	names, err := m.disk.names()
	if err != nil {
		return err
	}
	var all []error
	for _, name := range names {
		all = append(all, m.renew(ctx, name))
	}
	return errors.Join(all...)
}

func (m *Manager) renew(ctx context.Context, name string) error {
	if err := m.begin(ctx); err != nil {
		return err
	}
	defer m.end()
	e, err := m.disk.load(name)
	if err != nil || e == nil { // forgotten while we waited
		return err
	}
	if _, err := m.tend(ctx, e, false); err != nil && e.Failure == nil {
		return err
	}
	return nil // a failure is told by its status
}

// Run looks at every certificate at each tick, until ctx ends or there are no
// more ticks. An hour between them is often enough.
func (m *Manager) Run(ctx context.Context, ticks <-chan time.Time) {
	for {
		if err := m.Renew(ctx); err != nil && ctx.Err() == nil {
			m.o.Log.Error("looking after the certificates", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case _, more := <-ticks:
			if !more {
				return
			}
		}
	}
}

// Status tells how a certificate stands; false if it is not looked after.
func (m *Manager) Status(name string) (Status, bool, error) {
	e, err := m.disk.load(name)
	if err != nil || e == nil {
		return Status{}, false, err
	}
	return e.status(m.have(*e), m.o.Clock()), true, nil
}

// All tells how every certificate stands, by name.
func (m *Manager) All() ([]Status, error) {
	names, err := m.disk.names()
	if err != nil {
		return nil, err
	}
	var all []Status
	for _, name := range names {
		s, found, err := m.Status(name)
		if err != nil {
			return nil, err
		}
		if found {
			all = append(all, s)
		}
	}
	return all, nil
}

// forgetUnused drops what was noted of the operator's own files that were never
// good: nothing of them is in use, and no plan would ever take it away. While other
// work goes on, that is for the next look.
func (m *Manager) forgetUnused(name string) {
	select {
	case m.work <- struct{}{}:
		defer m.end()
	default:
		return
	}
	e, err := m.disk.load(name)
	kept, unread := os.ReadDir(m.disk.of(name))
	if err != nil || unread != nil || e == nil || e.Source != Own || !e.Obtained.IsZero() || len(e.Proofs) > 0 || len(kept) != 1 {
		return
	}
	if err := os.RemoveAll(m.disk.of(name)); err != nil {
		m.o.Log.Warn("what was noted of a certificate that cannot be used stays", "name", name, "err", err)
	}
}

// Forget ends looking after a certificate and deletes what is kept of it. The
// authority of our own that signed it stays, also if nothing needs it now: devices
// go on to trust it, and a new one would have to be installed on each of them.
// The file that nginx reads stays: it may still be read. The error may say that a
// record is left in DNS; the rest is gone all the same.
func (m *Manager) Forget(ctx context.Context, name string) error {
	if err := m.begin(ctx); err != nil {
		return err
	}
	defer m.end()
	e, err := m.disk.load(name)
	if err == nil && e == nil {
		return nil
	}
	var left error
	if e != nil {
		m.sweep(ctx, e)
		if len(e.Proofs) > 0 {
			left = &setup.Problem{Code: setup.CodeUnavailable, Message: fmt.Sprintf(
				"A text record that proved the domain could not be deleted: %s. It opens nothing. Delete it in the dashboard (DNS, Records).", e.Proofs[0].Name)}
		}
	}
	if err := os.RemoveAll(m.disk.of(name)); err != nil {
		return fmt.Errorf("deleting the certificate for %s: %w", name, err)
	}
	return left
}
