package setup

import (
	"fmt"
	"strings"
)

// Ids of what is asked on the private way. From this server it begins behind
// the devices: at the DNS server, the front and the app.
const (
	PrivatePrefix    = "private/"
	DNSCheck         = PrivatePrefix + "dns"      // over UDP, as devices ask
	DNSOverTCPCheck  = PrivatePrefix + "dns-tcp"  // as they ask for what is long
	DNSForIPv6Check  = PrivatePrefix + "dns-ipv6" // there is no such address, and that has to be said
	DNSOthersCheck   = PrivatePrefix + "dns-others"
	CertificateCheck = PrivatePrefix + "certificate"
	HTTPSCheck       = PrivatePrefix + "https" // plain http is sent there
	SignInCheck      = PrivatePrefix + "login"
	PageCheck        = PrivatePrefix + "page" // the app answers, where its login is not known
	UDPCheck         = PrivatePrefix + "udp"  // the connector carries questions to the DNS server
	RouteCheck       = PrivatePrefix + "route"
)

// Private says whether a check is about the way of the team by a private name.
func (c Check) Private() bool { return strings.HasPrefix(c.ID, PrivatePrefix) }

// PrivateDNS says whether a check is a question to the DNS server of a private
// name.
func (c Check) PrivateDNS() bool { return strings.HasPrefix(c.ID, DNSCheck) }

// PrivateChecks lists what is asked on the private way, in the order in which a
// device meets it. None: the team has no such way.
func (a Answers) PrivateChecks() []Check {
	if a.Private == nil || !a.Mode.Private() {
		return nil
	}
	var checks []Check
	add := func(id, name string) { checks = append(checks, Check{ID: id, Name: name}) }
	if a.Mode == ModeFallback {
		add(UDPCheck, "The connector carries UDP")
		add(DNSCheck, "DNS for "+a.Private.Name)
		add(DNSOverTCPCheck, "DNS over TCP")
		add(DNSForIPv6Check, "DNS asked for IPv6")
		add(DNSOthersCheck, "DNS asked for other names")
	}
	add(RouteCheck, "The route to this server")
	if a.Private.Front != nil {
		add(CertificateCheck, "The certificate of "+a.Private.Name)
		add(HTTPSCheck, "From http to https")
	}
	page := Check{ID: PageCheck, Name: "The app at " + a.Private.Name, Method: "GET", Path: "/"}
	if a.Private.Login.Path != "" {
		page = Check{ID: SignInCheck, Name: "Logging in at " + a.Private.Name, Method: "POST", Path: a.Private.Login.Path}
	}
	return append(checks, page)
}

// PrivateAddress is what the team types to get to the app by the private name;
// empty: it has none.
func (a Answers) PrivateAddress() string {
	switch {
	case a.Private == nil || !a.Mode.Private():
		return ""
	case a.Private.Front == nil:
		return fmt.Sprintf("http://%s:%d/", a.Private.Name, a.Stack.Target)
	}
	return "https://" + a.Private.Name + "/"
}

// LedIn says whether devices were led to the private name: from then on it has
// to work.
func (a Answers) LedIn(l Ledger) bool {
	if a.Private == nil || !a.Mode.Private() {
		return false
	}
	k := a.hostnameRouteKey()
	switch {
	case a.follows(): // an app that moved has no route yet
		k = a.fallbackKey(a.Private.profiles()[0])
	case a.Mode == ModeFallback:
		k = a.routeKey(a.Private.Address)
	}
	_, made := l.Records[k]
	return made
}

// HangsOn says whether what a check of the private way sees changes with a thing.
func (c Check) HangsOn(k Key) bool {
	switch k.Kind {
	case KindSidecar:
		return c.PrivateDNS() == (k.Name == DNSService) && (c.PrivateDNS() || c.ofPage())
	case KindPrivateNetwork:
		return c.PrivateDNS() || c.ofPage()
	case KindCertificate, KindFrontConfig, KindAttachment, KindComposeNetwork:
		return c.ofPage()
	case KindSetting, KindEnvVar, KindPublished, KindComposePort:
		return c.ID == SignInCheck || c.ID == PageCheck
	case KindConnector, KindConnectorFile:
		return c.ID == UDPCheck
	case KindTunnel:
		return c.ID == UDPCheck || c.ID == RouteCheck
	case KindRoute, KindHostnameRoute, KindVirtualNetwork:
		return c.ID == RouteCheck
	}
	return false
}

// ofPage says whether a check asks what a browser asks.
func (c Check) ofPage() bool {
	switch c.ID {
	case CertificateCheck, HTTPSCheck, SignInCheck, PageCheck:
		return true
	}
	return false
}
