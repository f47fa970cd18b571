package main

import (
	"context"
	"crypto/x509"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/culvert/culvert/cert"
	"github.com/culvert/culvert/files"
	"github.com/culvert/culvert/setup"
)

// diskPort is what stands on this server's disk: the operator's files and
// Culvert's own, and the certificates.
type diskPort struct {
	*files.Files
	certs *cert.Port
}

func (p diskPort) Observe(ctx context.Context, v setup.View) (setup.World, error) {
	w, err := p.Files.Observe(ctx, v)
	if err != nil {
		return w, err
	}
	more, err := p.certs.Observe(ctx, v)
	w.Add(more)
	return w, err
}

func (p diskPort) Do(ctx context.Context, call setup.Call) ([]setup.Outcome, error) {
	if len(call.Entries) > 0 && call.Entries[0].Key.Kind.Place() == setup.AtCert {
		return p.certs.Do(ctx, call)
	}
	return p.Files.Do(ctx, call)
}

// certificates opens what looks after certificates. Proofs for a public authority
// are made with the token in use; in a rehearsal nothing is asked of one.
func (w *workspace) certificates(ctx context.Context, dir string, out outside, log *slog.Logger, practice bool) (*cert.Port, error) {
	install, err := w.store.Install(ctx)
	if err != nil {
		return nil, err
	}
	o := cert.Options{
		Dir: filepath.Join(dir, "certificates"), Log: log, Clock: time.Now,
		OnObtained: func(s cert.Status) {
			if err := out.docker.ReloadFront(context.WithoutCancel(ctx), s.Into); err != nil {
				log.ErrorContext(ctx, "the front was not told of its new certificate", "name", s.Name(), "err", err)
			}
			w.watcher.Touched()
		},
		OnFailed:  func(cert.Status) { w.watcher.Touched() },
		Directory: out.acme.directory, Roots: out.acme.roots, Resolvers: out.acme.resolvers,
	}
	if !practice {
		o.DNS, o.Mark = w.cloud, setup.Mark(install, setup.Key{Kind: setup.KindCertificate, Scope: setup.CertificateScope, Name: "proof"})
	}
	if w.certs, err = cert.New(o); err != nil {
		return nil, err
	}
	return cert.NewPort(w.certs, install, practice), nil
}

// trust says which authorities devices trust for a private name: our own for its
// certificates, the one that was chosen in the place of Let's Encrypt, and
// otherwise those that every system knows, or a lab's.
func trust(certs *cert.Port, out outside) func(setup.Answers) (*x509.CertPool, error) {
	return func(a setup.Answers) (*x509.CertPool, error) {
		for _, c := range a.View().Certificates {
			if roots, err := certs.Roots(c); roots != nil || err != nil {
				return roots, err
			}
			if c.Source == setup.FromACME && out.acme.roots != nil {
				return out.acme.roots, nil
			}
		}
		if out.tls != nil {
			return out.tls.RootCAs, nil
		}
		return nil, nil
	}
}

// root is what devices have to be told to trust for a private name.
func root(certs *cert.Port) func(setup.Answers) (setup.Authority, bool, error) {
	return func(a setup.Answers) (setup.Authority, bool, error) {
		for _, c := range a.View().Certificates {
			return certs.Authority(c)
		}
		return setup.Authority{}, false, nil
	}
}

// tendCertificates renews what is due, at once and then every hour.
func (w *workspace) tendCertificates(ctx context.Context) error {
	hour := time.NewTicker(time.Hour)
	defer hour.Stop()
	w.certs.Run(ctx, hour.C)
	return nil
}
