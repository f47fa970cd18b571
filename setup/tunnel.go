package setup

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// Tunnel is a Cloudflare Tunnel. Remote says that its rules live at Cloudflare;
// a tunnel whose rules live in a file on some server cannot be taken over.
type Tunnel struct {
	Name   string `json:"name"`
	Remote bool   `json:"remote"`
	// Connectors counts the cloudflared processes connected now.
	Connectors int `json:"-"`
	// Replicas are these processes, as far as Cloudflare was asked about them.
	Replicas []Replica `json:"-"`
}

// Replica is one cloudflared that is connected, as Cloudflare sees it.
type Replica struct {
	ID          string
	Version     string
	Arch        string
	Config      int64     // the version of the tunnel's rules that it runs with
	Since       time.Time // when it was started
	Connections int
	Colos       []string  // where it is connected, sorted
	Origins     []string  // the addresses that it comes from, sorted
	Seen        time.Time // when Cloudflare was asked
}

// Outdated says whether Cloudflare no longer supports a version of cloudflared:
// one that is more than a year old (cloudflared's own page, "Deprecated
// versions"). Versions are named by year and month. An unknown one is not.
func Outdated(version string, now time.Time) bool {
	year, rest, _ := strings.Cut(version, ".")
	month, _, _ := strings.Cut(rest, ".")
	made, err := time.Parse("2006-1", year+"-"+month)
	return err == nil && made.AddDate(1, 1, 0).Before(now) // made at the end of its month, at the latest
}

func (Tunnel) Kind() Kind                 { return KindTunnel }
func (t Tunnel) mapIDs(func(ID) ID) State { return t }
func (t Tunnel) occupies() []string       { return []string{"name " + strings.ToLower(t.Name)} }
func (t Tunnel) met(have State) bool      { return Same(t, have) }
func (t Tunnel) over(State) State         { return t }

// TunnelOfToken reads the tunnel's id out of a connector's token, and nothing
// else. A text that is no token gives none.
func TunnelOfToken(token string) string {
	raw, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		return ""
	}
	var t struct {
		Tunnel string `json:"t"`
	}
	if json.Unmarshal(raw, &t) != nil {
		return ""
	}
	return t.Tunnel
}

// Rule is one ingress rule of a hostname: requests whose path matches the Go
// regular expression Path (empty: every path) go to Service.
type Rule struct {
	Path    string `json:"path,omitempty"`
	Service string `json:"service"`
	// Other is a digest of options that we do not set, so that a rule that a
	// stranger gave options is not taken for ours.
	Other string `json:"other,omitempty"`
}

// Ingress is the group of rules of one public hostname in a tunnel's
// configuration. The document is shared; we touch only our hostname's rules.
type Ingress struct {
	Tunnel ID     `json:"tunnel"`
	Host   string `json:"host"`
	Rules  []Rule `json:"rules"`
	// Above lists the hostnames of rules that stand before this group and would
	// answer for its name, such as a wildcard.
	Above []string `json:"-"`
}

func (Ingress) Kind() Kind { return KindIngress }
func (i Ingress) mapIDs(f func(ID) ID) State {
	i.Tunnel = f(i.Tunnel)
	return i
}
func (i Ingress) occupies() []string {
	if i.Tunnel.Lit == "" {
		return nil // in a tunnel that does not exist yet nothing is taken
	}
	return []string{"host " + i.Tunnel.Lit + " " + i.Host}
}
func (i Ingress) met(have State) bool { return Same(i, have) }
func (i Ingress) over(State) State    { return i }
