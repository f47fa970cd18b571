package probe

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/culvert/culvert/setup"
)

// Inside is where a private name leads on this server, and how it is asked.
type Inside struct {
	Name    string // as a browser writes it, with the port where it is not the usual one
	Address string // host and port to connect to
	Plain   string // the same for plain http; empty: there is none
	TLS     bool   // it is asked by https
	// Roots are the authorities that devices trust; nil: those that every system
	// knows.
	Roots *x509.CertPool
	// Ours: Roots holds Culvert's own authority, which devices were told of.
	Ours bool
	// Brings: a chain that ends in an authority of its own counts as trusted, for
	// the operator chose it, and devices were told of it in some other way.
	Brings bool
}

func (in Inside) host() string {
	if host, _, err := net.SplitHostPort(in.Name); err == nil {
		return host
	}
	return in.Name
}

// Certificate looks at the certificate that a browser gets for the private name.
func (p *Prober) Certificate(ctx context.Context, in Inside, c setup.Check) setup.Evidence {
	start := p.o.Clock()
	v := setup.Evidence{Check: c, At: start, URL: "https://" + in.Name + "/"}
	chain, err := p.chain(ctx, in)
	v.Took = p.o.Clock().Sub(start)
	if err != nil {
		v.By = setup.ByNobody
		v.Detail, v.Excerpt = nobody(err)
		v.Detail = fmt.Sprintf("Nothing speaks TLS for %s at %s. %s", in.Name, in.Address, v.Detail)
		return v
	}
	leaf := chain[0]
	v.By = setup.ByFront
	v.Excerpt = []string{
		"for " + clean(strings.Join(leaf.DNSNames, ", ")), "by " + clean(leaf.Issuer.String()), "until " + leaf.NotAfter.UTC().Format(time.DateTime),
	}
	by, err := in.trusted(chain, p.o.Clock())
	if err != nil {
		v.Detail = faultOf(leaf, err, p.o.Clock())
		return v
	}
	v.OK = true
	v.Detail = fmt.Sprintf("The certificate is for %s, good until %s and %s.", in.host(), leaf.NotAfter.UTC().Format("2 January 2006"), by)
	return v
}

// chain is what a server shows, unjudged.
func (p *Prober) chain(ctx context.Context, in Inside) ([]*x509.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, p.o.Timeout)
	defer cancel()
	conn, err := p.o.Dial(ctx, "tcp", in.Address)
	if err != nil {
		return nil, &unreachedError{err}
	}
	defer conn.Close()
	client := tls.Client(conn, in.tlsConfig(nil))
	if err := client.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	if chain := client.ConnectionState().PeerCertificates; len(chain) > 0 {
		return chain, nil
	}
	return nil, errors.New("the server shows no certificate")
}

// tlsConfig shows the name and leaves the judgement to verify, which may be nil:
// what is wrong with a certificate has to be told, and not only that it is.
func (in Inside) tlsConfig(verify func(tls.ConnectionState) error) *tls.Config {
	return &tls.Config{ServerName: in.host(), MinVersion: tls.VersionTLS12, InsecureSkipVerify: true, VerifyConnection: verify}
}

// trusted judges a chain as a device does, and says who vouches for it.
func (in Inside) trusted(chain []*x509.Certificate, now time.Time) (by string, err error) {
	o := x509.VerifyOptions{DNSName: in.host(), Roots: in.Roots, Intermediates: x509.NewCertPool(), CurrentTime: now}
	for _, c := range chain[1:] {
		o.Intermediates.AddCert(c)
	}
	_, err = chain[0].Verify(o)
	by = "from an authority that every system trusts"
	if in.Ours {
		by = "signed by Culvert’s own authority, which each device has to be told to trust"
	}
	var unknown x509.UnknownAuthorityError
	if !in.Brings || !errors.As(err, &unknown) {
		return by, err
	}
	o.Roots = x509.NewCertPool()
	for _, c := range chain[1:] {
		if c.IsCA && c.CheckSignatureFrom(c) == nil {
			o.Roots.AddCert(c)
		}
	}
	_, err = chain[0].Verify(o)
	top := chain[len(chain)-1]
	return fmt.Sprintf("signed by %s, which this server does not know: devices have to trust it already", clean(cmp.Or(top.Subject.CommonName, top.Subject.String()))), err
}

// faultOf says what is wrong with a certificate.
func faultOf(leaf *x509.Certificate, err error, now time.Time) string {
	switch {
	case now.After(leaf.NotAfter):
		return "The certificate ended on " + leaf.NotAfter.UTC().Format("2 January 2006") + "."
	case now.Before(leaf.NotBefore):
		return "The certificate counts from " + leaf.NotBefore.UTC().Format("2 January 2006") + " on."
	}
	return cause(err)
}

// HTTPS asks by plain http, and has to be sent to https.
func (p *Prober) HTTPS(ctx context.Context, in Inside, c setup.Check) setup.Evidence {
	start := p.o.Clock()
	v := setup.Evidence{Check: c, At: start, URL: "http://" + in.Name + "/"}
	resp, body, err := p.visit(ctx, &visitor{p: p, in: in, address: in.Plain}, http.MethodGet, v.URL, nil)
	v.Took = p.o.Clock().Sub(start)
	if err != nil {
		v.By = setup.ByNobody
		v.Detail, v.Excerpt = nobody(err)
		v.Detail = fmt.Sprintf("Nothing answers by plain http at %s. %s", in.Plain, v.Detail)
		return v
	}
	a := read(resp, body)
	v.Status, v.Excerpt, v.By = a.status, excerpt(a), insideBy(a)
	if a.isRedirect() && a.location != nil && a.location.Scheme == "https" && a.location.Host == in.Name {
		v.OK, v.Detail = true, fmt.Sprintf("Plain http is sent to https (%d).", a.status)
		return v
	}
	v.Detail = fmt.Sprintf("By plain http something answers %d and does not send browsers to https://%s.", a.status, in.Name)
	return v
}

// Page asks for a page of the app, whose login is not known.
func (p *Prober) Page(ctx context.Context, in Inside, c setup.Check) setup.Evidence {
	start := p.o.Clock()
	v := setup.Evidence{Check: c, At: start, URL: in.url(c.Path)}
	resp, body, err := p.visit(ctx, p.visitor(in), http.MethodGet, v.URL, nil)
	v.Took = p.o.Clock().Sub(start)
	if err != nil {
		v.By = setup.ByNobody
		v.Detail, v.Excerpt = nobody(err)
		return v
	}
	a := read(resp, body)
	v.Status, v.Excerpt, v.By = a.status, excerpt(a), insideBy(a)
	switch {
	case v.By != setup.ByApp && v.By != setup.ByUnknown:
		v.Detail = insideInTheWay(a, v.By)
	case a.status >= 500:
		v.Detail = fmt.Sprintf("The app answers %d: it has a fault there.", a.status)
	case a.isRedirect() && in.away(a):
		v.Detail = fmt.Sprintf("The app sends browsers away from this address (%d).", a.status)
	default:
		v.OK, v.By, v.Detail = true, setup.ByApp, fmt.Sprintf("The app answers (%d).", a.status)
	}
	return v
}

func (in Inside) url(path string) string {
	if in.TLS {
		return "https://" + in.Name + path
	}
	return "http://" + in.Name + path
}

// away says whether an answer leads to another address than the one that was
// asked.
func (in Inside) away(a answer) bool {
	return a.location != nil && a.location.Host != "" && (a.location.Host != in.Name || (a.location.Scheme == "https") != in.TLS)
}

// insideBy says who answered at a private name. Nothing of Cloudflare is on the
// way there.
func insideBy(a answer) setup.Answerer {
	by := who(a, setup.Check{})
	switch {
	case by == setup.ByAccess, by == setup.ByApp, by == setup.ByAppHost:
		return by
	case a.viaCloudflare():
		return setup.ByEdge
	case strings.HasPrefix(a.header.Get("Server"), "nginx") && (a.status >= 502 && a.status <= 504 || a.status == http.StatusMisdirectedRequest || a.isRedirect()):
		return setup.ByFront
	}
	return setup.ByUnknown
}

// insideInTheWay says what answered in the app's place at a private name.
func insideInTheWay(a answer, by setup.Answerer) string {
	switch {
	case by == setup.ByFront && a.status == http.StatusMisdirectedRequest:
		return "nginx answers, and does not know this name (421)."
	case by == setup.ByFront:
		return fmt.Sprintf("nginx answers, but it does not reach the app (%d).", a.status)
	case by == setup.ByAppHost:
		return "The app answers, but it refuses this name (400): the name is missing in its list of hosts, or the app was not restarted since."
	case by == setup.ByAccess:
		return "Access asks for a login here, where nothing of Cloudflare should be on the way."
	case by == setup.ByEdge:
		return fmt.Sprintf("Cloudflare answers here (%d), where nothing of it should be on the way.", a.status)
	}
	return fmt.Sprintf("Something answers (%d) that is not the app.", a.status)
}
