package sim

import (
	"crypto/tls"
	"fmt"
	"strings"
	"sync"

	"github.com/culvert/culvert/internal/tunnelproto"
)

// authority is the certificate authority of everything this Cloud serves.
type authority struct {
	mu     sync.Mutex
	ca     *tunnelproto.CA
	leaves map[string]*tls.Certificate
}

func (a *authority) get() (*tunnelproto.CA, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ca == nil {
		ca, err := tunnelproto.NewCA()
		if err != nil {
			return nil, err
		}
		a.ca, a.leaves = ca, map[string]*tls.Certificate{}
	}
	return a.ca, nil
}

func (a *authority) leaf(name string) (*tls.Certificate, error) {
	ca, err := a.get()
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if known := a.leaves[name]; known != nil {
		return known, nil
	}
	leaf, err := ca.Leaf(name)
	if err != nil {
		return nil, err
	}
	a.leaves[name] = &leaf
	return &leaf, nil
}

// edgeCertificate is the certificate for a name: Universal SSL covers a zone's
// apex and one label below it, no more.
func (c *Cloud) edgeCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := hostname(hello.ServerName)
	c.mu.RLock()
	covered := c.visible().team(name) != nil
	if z := c.visible().zoneOf(name); z != nil && z.Status == "active" {
		label, below := strings.CutSuffix(name, "."+z.Name)
		covered = covered || !below || !strings.Contains(label, ".")
	}
	c.mu.RUnlock()
	if !covered {
		return nil, fmt.Errorf("no certificate covers %q", name)
	}
	return c.certs.leaf(name)
}
