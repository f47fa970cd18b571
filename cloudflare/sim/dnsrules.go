package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// invalid is how the API words a record that it does not take: a wrapper with
// the reason in its chain. The inner codes come from public reports, but for
// 9009, 9013, 9021 and 9313, which were not established.
func invalid(code int, text string) error {
	return refuse(http.StatusBadRequest, 1004, "DNS Validation Error", problem{Code: code, Message: text})
}

// maxText is the length of a TXT record's content.
const maxText = 2048

func recordTypes() []string {
	return []string{"A", "AAAA", "CAA", "CERT", "CNAME", "DNSKEY", "DS", "HTTPS", "LOC", "MX", "NAPTR", "NS", "OPENPGPKEY",
		"PTR", "SMIMEA", "SRV", "SSHFP", "SVCB", "TLSA", "TXT", "URI"}
}

func (r *record) valid(p plan) error {
	switch {
	case !slices.Contains(recordTypes(), r.Type):
		return invalid(9003, "Invalid 'type' value.")
	case !validName(r.Name):
		return invalid(9000, "DNS name is invalid.")
	case r.Content == "" && r.Data == nil:
		return invalid(9005, "Content for "+r.Type+" record must not be empty.")
	case r.Proxied && !r.Proxiable:
		return invalid(9004, "This record type cannot be proxied.")
	case r.Proxied && r.TTL != 1:
		return invalid(9021, "ttl must be set to 1 when `proxied` is true")
	case r.TTL != 1 && (r.TTL < 60 || r.TTL > 86400):
		return invalid(9021, "Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.")
	case utf8.RuneCountInString(r.comment()) > p.comment:
		return invalid(9313, fmt.Sprintf("Comment is longer than %d characters.", p.comment))
	case len(r.Tags) > p.tags:
		return invalid(9300, fmt.Sprintf("DNS record has %d tags, exceeding the quota of %d.", len(r.Tags), p.tags))
	}
	return r.validContent()
}

// validName takes a name in normal form.
func validName(name string) bool {
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, func(c rune) bool { return unicode.IsSpace(c) || strings.ContainsRune("/:@\\\"", c) }) {
			return false
		}
	}
	return len(name) <= 253
}

func (r *record) validContent() error {
	ip, err := netip.ParseAddr(r.Content)
	isName := err != nil && validName(hostname(r.Content))
	switch {
	case r.Type == "A" && (err != nil || !ip.Is4()):
		return invalid(9005, "Content for A record must be a valid IPv4 address.")
	case r.Type == "AAAA" && (err != nil || !ip.Is6()):
		return invalid(9006, "Content for AAAA record must be a valid IPv6 address.")
	case r.Type == "CNAME" && !isName:
		return invalid(9007, "Content for CNAME record is invalid.")
	case r.Type == "CNAME" && r.Content == r.Name:
		return invalid(9039, "CNAME content cannot reference itself.")
	case r.Type == "MX" && r.Priority == nil:
		return invalid(9009, "priority is a required field.")
	case (r.Type == "MX" || r.Type == "NS") && !isName:
		return invalid(9009, "Content for "+r.Type+" record is invalid.")
	case r.Type == "TXT" && len(r.Content) > maxText:
		return invalid(9013, "Content for TXT record is longer than 2048 characters.")
	}
	return nil
}

// compose derives the content of the types that are written as data.
func (r *record) compose() error {
	var d struct {
		Priority, Weight, Port, Flags int
		Target, Tag, Value            string
	}
	if r.Type != "SRV" && r.Type != "CAA" || r.Data == nil {
		return nil
	}
	if err := json.Unmarshal(r.Data, &d); err != nil {
		return invalid(9005, "Data for "+r.Type+" record is invalid.")
	}
	if r.Type == "CAA" {
		r.Content = fmt.Sprintf("%d %s %q", d.Flags, d.Tag, d.Value)
	} else {
		r.Content, r.Priority = fmt.Sprintf("%d %d %s", d.Weight, d.Port, d.Target), &d.Priority
	}
	return nil
}

// conflict tells what else on the name keeps a record out. Reports have two
// codes for one that is there already.
func (z *zone) conflict(r *record, u Unsure) error {
	addresses := []string{"A", "AAAA", "CNAME"}
	for _, other := range z.named[r.Name] {
		switch {
		case other.ID == r.ID:
		case r.Type == "CNAME" && slices.Contains(addresses, other.Type):
			return refuse(http.StatusBadRequest, 81053, "An A, AAAA, or CNAME record with that host already exists.")
		case other.Type == "CNAME" && slices.Contains(addresses, r.Type):
			return refuse(http.StatusBadRequest, 81054, "A CNAME record with that host already exists.")
		case other.Type == r.Type && other.Content == r.Content && string(other.Data) == string(r.Data) && u.IdenticalIs81057:
			return refuse(http.StatusBadRequest, 81057, "The record already exists.")
		case other.Type == r.Type && other.Content == r.Content && string(other.Data) == string(r.Data):
			return refuse(http.StatusBadRequest, 81058, "An identical record already exists.")
		}
	}
	return nil
}
