package sim

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// serveDNS serves DNS for a world and gives its address.
func (w *world) serveDNS(edge netip.Addr) string {
	w.Helper()
	d, err := ListenDNS()
	if err != nil {
		w.Fatal(err)
	}
	d.Edge = edge
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.cloud.ServeDNS(ctx, d) }()
	w.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			w.Errorf("serving DNS ended with %v", err)
		}
	})
	return d.Addr()
}

// dig asks and gives the answer in a line: the code, and the records' contents.
func (w *world) dig(network, server, name, kind string) string {
	w.Helper()
	q := new(dns.Msg)
	q.SetQuestion(dns.Fqdn(name), dns.StringToType[kind])
	in, _, err := (&dns.Client{Net: network}).Exchange(q, server)
	if err != nil {
		w.Fatal(err)
	}
	said := []string{dns.RcodeToString[in.Rcode]}
	for i, rr := range in.Answer {
		if i == 0 && rr.Header().Name != dns.Fqdn(name) {
			w.Errorf("%s is answered with a record of %s", name, rr.Header().Name)
		}
		said = append(said, dns.TypeToString[rr.Header().Rrtype]+" "+strings.TrimPrefix(rr.String(), rr.Header().String()))
	}
	slices.Sort(said[1:])
	return strings.Join(said, ", ")
}

func TestDNSAnswersFromTheRecords(t *testing.T) {
	w := newWorld(t, Options{})
	w.cloud.AddZone(w.AccountID, "pending.example", "pending")
	for _, record := range []string{
		`"type":"A","name":"grey","content":"192.0.2.7","ttl":120`,
		`"type":"A","name":"grey","content":"192.0.2.8","ttl":1`,
		`"type":"AAAA","name":"grey","content":"2001:db8::7","ttl":1`,
		`"type":"CNAME","name":"alias","content":"grey.example.org","ttl":1`,
		`"type":"CNAME","name":"lost","content":"nothing.example.org","ttl":1`,
		`"type":"CNAME","name":"away","content":"elsewhere.example.net","ttl":1`,
		`"type":"CNAME","name":"round","content":"about.example.org","ttl":1`,
		`"type":"CNAME","name":"about","content":"round.example.org","ttl":1`,
		`"type":"CNAME","name":"app","content":"6ff42ae2-765d-4adf-8112-31c55c1551ef.cfargotunnel.com","proxied":true,"ttl":1`,
		`"type":"A","name":"both","content":"192.0.2.9","proxied":true,"ttl":1`,
		`"type":"AAAA","name":"both","content":"2001:db8::9","proxied":true,"ttl":1`,
		`"type":"TXT","name":"_acme-challenge.app","content":"\"one\"","ttl":60`,
		`"type":"TXT","name":"_acme-challenge.app","content":"two with \\ and \" in it","ttl":60`,
		`"type":"TXT","name":"long","content":"` + strings.Repeat("x", 300) + `","ttl":60`,
		`"type":"MX","name":"@","content":"mail.example.org","priority":10,"ttl":1`,
		`"type":"A","name":"*.wild","content":"192.0.2.10","ttl":1`,
		`"type":"TXT","name":"taken.wild","content":"x","ttl":60`,
		`"type":"A","name":"far.below.wild","content":"192.0.2.11","ttl":1`,
	} {
		w.ok("POST", "Z/dns_records", "{"+record+"}")
	}
	udp := w.serveDNS(netip.MustParseAddr("198.51.100.1"))
	for question, want := range map[string]string{
		"grey.example.org A":                    "NOERROR, A 192.0.2.7, A 192.0.2.8",
		"GREY.example.ORG AAAA":                 "NOERROR, AAAA 2001:db8::7",
		"grey.example.org TXT":                  "NOERROR",
		"alias.example.org A":                   "NOERROR, A 192.0.2.7, A 192.0.2.8, CNAME grey.example.org.",
		"alias.example.org CNAME":               "NOERROR, CNAME grey.example.org.",
		"lost.example.org A":                    "NXDOMAIN, CNAME nothing.example.org.",
		"away.example.org A":                    "NOERROR, CNAME elsewhere.example.net.",
		"app.example.org A":                     "NOERROR, A 198.51.100.1",
		"app.example.org AAAA":                  "NOERROR",
		"app.example.org CNAME":                 "NOERROR",
		"both.example.org A":                    "NOERROR, A 198.51.100.1",
		"_acme-challenge.app.example.org TXT":   `NOERROR, TXT "one", TXT "two with \\ and \" in it"`,
		"long.example.org TXT":                  fmt.Sprintf("NOERROR, TXT %q %q", strings.Repeat("x", 255), strings.Repeat("x", 45)),
		"example.org MX":                        "NOERROR, MX 10 mail.example.org.",
		"example.org NS":                        "NOERROR, NS ada.ns.cloudflare.com., NS bob.ns.cloudflare.com.",
		"example.org SOA":                       "NOERROR, SOA ada.ns.cloudflare.com. dns.cloudflare.com. 1795424400 10000 2400 604800 1800",
		"example.org A":                         "NOERROR",
		"app.example.org SOA":                   "NOERROR",
		"x.wild.example.org A":                  "NOERROR, A 192.0.2.10",
		"y.x.wild.example.org A":                "NOERROR, A 192.0.2.10",
		"taken.wild.example.org A":              "NOERROR",
		"below.wild.example.org A":              "NOERROR",
		"other.below.wild.example.org A":        "NXDOMAIN",
		"nothing.example.org A":                 "NXDOMAIN",
		"pending.example SOA":                   "NXDOMAIN",
		"elsewhere.example.net A":               "NXDOMAIN",
		"org SOA":                               "NXDOMAIN",
		"example-team.cloudflareaccess.com A":   "NOERROR, A 198.51.100.1",
		"example-team.cloudflareaccess.com TXT": "NOERROR",
		"grey.example.org ANY":                  "NOTIMP",
	} {
		name, kind, _ := strings.Cut(question, " ")
		for _, network := range []string{"udp", "tcp"} {
			if got := w.dig(network, udp, name, kind); got != want {
				t.Errorf("%s over %s: %s, want %s", question, network, got, want)
			}
		}
	}
	if got := w.dig("tcp", udp, "round.example.org", "A"); !strings.HasPrefix(got, "SERVFAIL") {
		t.Errorf("a chain that goes round: %s", got)
	}
}

func TestWhatDoesNotExistSaysHowLongThatHolds(t *testing.T) {
	w := newWorld(t, Options{})
	q := new(dns.Msg)
	q.SetQuestion("nothing.example.org.", dns.TypeTXT)
	in, err := dns.Exchange(q, w.serveDNS(netip.Addr{}))
	if err != nil {
		t.Fatal(err)
	}
	if len(in.Ns) != 1 || !in.Authoritative || in.Ns[0].Header().Name != "example.org." || in.Ns[0].(*dns.SOA).Minttl != soaMinimum {
		t.Errorf("the answer is %v", in)
	}
}

func TestALargeAnswerGoesOverTCP(t *testing.T) {
	w := newWorld(t, Options{})
	for i := range 12 {
		w.ok("POST", "Z/dns_records", fmt.Sprintf(`{"type":"TXT","name":"many","content":"%s%d","ttl":60}`, strings.Repeat("y", 200), i))
	}
	at := w.serveDNS(netip.Addr{})
	q := new(dns.Msg)
	q.SetQuestion("many.example.org.", dns.TypeTXT)
	in, _, err := new(dns.Client).Exchange(q, at)
	if err != nil || !in.Truncated {
		t.Errorf("over UDP: %v, %v", in, err)
	}
	in, _, err = (&dns.Client{Net: "tcp"}).Exchange(q, at)
	if err != nil || in.Truncated || len(in.Answer) != 12 {
		t.Errorf("over TCP: %v, %v", in, err)
	}
}

func TestAProxiedNameHasTheAddressOfTheEdgeOnceItListens(t *testing.T) {
	w := newWorld(t, Options{})
	w.newCNAME("app", "6ff42ae2-765d-4adf-8112-31c55c1551ef.cfargotunnel.com")
	at := w.serveDNS(netip.Addr{})
	if got := w.dig("udp", at, "app.example.org", "A"); got != "SERVFAIL" {
		t.Errorf("without an edge: %s", got)
	}
	edge := "127.0.0.9:443"
	w.cloud.addresses.https.Store(&edge)
	if got := w.dig("udp", at, "app.example.org", "A"); got != "NOERROR, A 127.0.0.9" {
		t.Errorf("with an edge: %s", got)
	}
}
