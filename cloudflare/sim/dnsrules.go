package sim

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"
)

// invalid is how the API words a record that it does not take: a wrapper with
// the reason in its chain. The inner codes come from public reports, but for
// 9313 and 9021, which were not established.
func invalid(code int, text string) error {
	return refuse(http.StatusBadRequest, 1004, "DNS Validation Error", problem{Code: code, Message: text})
}

const maxComment = 100 // characters, on the Free plan

func (r *record) valid(zone string) error {
	switch {
	case r.Type == "":
		return invalid(9003, "Invalid 'type' value.")
	case r.Name == "."+zone || strings.Contains(r.Name, "..") || len(r.Name) > 253:
		return invalid(9000, "DNS name is invalid.")
	case r.Content == "" && r.Data == nil:
		return invalid(9005, "Content for "+r.Type+" record must not be empty.")
	case r.Proxied && !r.Proxiable:
		return invalid(9004, "This record type cannot be proxied.")
	case r.Proxied && r.TTL != 1:
		return invalid(9021, "ttl must be set to 1 when `proxied` is true")
	case r.TTL != 1 && (r.TTL < 60 || r.TTL > 86400):
		return invalid(9021, "Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.")
	case utf8.RuneCountInString(r.comment()) > maxComment:
		return invalid(9313, "Comment is longer than 100 characters.")
	}
	return r.validContent()
}

func (r *record) validContent() error {
	ip, err := netip.ParseAddr(r.Content)
	switch {
	case r.Type == "A" && (err != nil || !ip.Is4()):
		return invalid(9005, "Content for A record must be a valid IPv4 address.")
	case r.Type == "AAAA" && (err != nil || !ip.Is6()):
		return invalid(9006, "Content for AAAA record must be a valid IPv6 address.")
	case r.Type == "CNAME" && (err == nil || strings.ContainsAny(r.Content, "/: ")):
		return invalid(9007, "Content for CNAME record is invalid.")
	case r.Type == "CNAME" && r.Content == r.Name:
		return invalid(9039, "CNAME content cannot reference itself.")
	}
	return nil
}

// conflict tells what else on the name keeps a record out.
func (z *zone) conflict(r *record) error {
	addresses := []string{"A", "AAAA", "CNAME"}
	for _, other := range z.named[r.Name] {
		switch {
		case other.ID == r.ID:
		case r.Type == "CNAME" && slices.Contains(addresses, other.Type):
			return refuse(http.StatusBadRequest, 81053, "An A, AAAA, or CNAME record with that host already exists.")
		case other.Type == "CNAME" && slices.Contains(addresses, r.Type):
			return refuse(http.StatusBadRequest, 81054, "A CNAME record with that host already exists.")
		case other.Type == r.Type && other.Content == r.Content && string(other.Data) == string(r.Data):
			return refuse(http.StatusBadRequest, 81058, "An identical record already exists.")
		}
	}
	return nil
}
