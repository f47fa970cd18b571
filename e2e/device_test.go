package e2e

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// device is somebody's, with Cloudflare's client on it. Without a registration it
// is not enrolled.
type device struct {
	*testing.T
	w     *world
	id    int
	proxy string // through which a program uses it
}

// control asks the simulator for something of a device.
func (w *world) control(t *testing.T, path string, body, answer any) {
	t.Helper()
	w.send(t, http.MethodPost, path, body, answer)
}

// send makes a call to the simulator's control API.
func (w *world) send(t *testing.T, method, path string, body, answer any) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DialContext: w.Dial, DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(t.Context(), method, w.sim.Control+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	said, err := io.ReadAll(resp.Body)
	if err == nil && answer != nil {
		err = json.Unmarshal(said, answer)
	}
	if err != nil || resp.StatusCode >= 300 {
		t.Fatalf("%s %s: %d %s %v", method, path, resp.StatusCode, said, err)
	}
}

// device gives the enrolled device of somebody; of nobody, one that is not.
func (w *world) device(t *testing.T, email string) *device {
	t.Helper()
	var got struct {
		ID    int
		Proxy string
	}
	w.control(t, "/devices", object{"email": email}, &got)
	at, err := url.Parse(got.Proxy)
	if err != nil {
		t.Fatal(err)
	}
	return &device{t, w, got.ID, w.forward(t, at.Host)}
}

// logIn logs the person in to every application on a private name or address, as
// the client asks them to.
func (d *device) logIn() {
	d.Helper()
	asked := 0
	for _, app := range d.w.stranger(d.T).list(apps) {
		if text, _ := json.Marshal(app["destinations"]); strings.Contains(string(text), `"private"`) {
			d.w.control(d.T, fmt.Sprintf("/devices/%d/logins/%s", d.id, app.id()), object{}, nil)
			asked++
		}
	}
	if asked == 0 {
		d.Fatal("no application is on the private name")
	}
}

// connect opens a TCP connection from the device. If there is none, why says
// where the way ended.
func (d *device) connect(address string) (conn net.Conn, why string) {
	d.Helper()
	conn, err := net.Dial("tcp", d.proxy)
	if err != nil {
		d.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", address, address); err != nil {
		d.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReaderSize(conn, 1), &http.Request{Method: http.MethodConnect})
	if err != nil {
		d.Fatal(err)
	}
	if resp.StatusCode == http.StatusOK {
		return conn, ""
	}
	said, err := io.ReadAll(resp.Body)
	if err != nil {
		d.Fatal(err)
	}
	_ = conn.Close()
	return nil, string(said)
}

// cannot wants an address to be out of reach, because of something that the way
// of the packet tells.
func (d *device) cannot(address, because string) {
	d.Helper()
	conn, why := d.connect(address)
	if conn != nil {
		_ = conn.Close()
		d.Errorf("the device reaches %s", address)
		return
	}
	if !strings.Contains(why, because) {
		d.Errorf("%s is not reached:\n%s\nwant: %s", address, why, because)
	}
}

// keyOf is the key of a name's certificate, which has to be signed by one of the
// authorities, as Chromium is told of it.
func (d *device) keyOf(name string, authorities []byte) string {
	d.Helper()
	secure := d.speak(name, authorities)
	defer func() { _ = secure.Close() }()
	return keyOf(secure.ConnectionState().PeerCertificates[0])
}

func keyOf(c *x509.Certificate) string {
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// speak opens TLS to a name, whose certificate has to be signed by one of the
// authorities.
func (d *device) speak(name string, authorities []byte) *tls.Conn {
	d.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authorities) {
		d.Fatalf("no authority is in %q", authorities)
	}
	conn, why := d.connect(name + ":443")
	if conn == nil {
		d.Fatal(why)
	}
	secure := tls.Client(conn, &tls.Config{RootCAs: roots, ServerName: name, MinVersion: tls.VersionTLS12})
	if err := secure.HandshakeContext(d.Context()); err != nil {
		d.Fatalf("the certificate of %s: %v", name, err)
	}
	return secure
}

// browse opens Chromium on the device, at an address. Of the certificates that no
// public authority signed it takes those with a key that was looked at.
func (d *device) browse(base string, keys ...string) *browser {
	d.Helper()
	return openBrowser(d.T, base, 1200, chromedp.ProxyServer(d.proxy),
		chromedp.Flag("ignore-certificate-errors-spki-list", strings.Join(keys, ",")))
}
