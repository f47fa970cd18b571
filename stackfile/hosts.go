package stackfile

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Joined is a comma-separated list after entries were added to it.
type Joined struct {
	Value   string
	Changed bool
	Added   []string
	Trimmed []string // entries that had spaces around them and so never matched
}

// Notes says in words what joining did beside adding.
func (j Joined) Notes() []string {
	var out []string
	for _, entry := range j.Trimmed {
		out = append(out, fmt.Sprintf("The spaces around %s were removed: Django compares entries with them and never finds a match.", entry))
	}
	return out
}

// JoinHosts adds host names to a list such as DJANGO_ALLOWED_HOSTS. Entries
// that are there stay, in their order.
func JoinHosts(value string, add ...string) (Joined, error) {
	for _, host := range add {
		if host == "" || strings.ContainsAny(host, " \t,;/:@$'\"") {
			return Joined{}, refuse(0, "Give the name alone, such as app.example.com.", "%q is not a host name.", host)
		}
	}
	return join(value, add)
}

// JoinOrigins adds origins to a list such as CSRF_TRUSTED_ORIGINS. An origin
// needs its scheme: without one Django refuses to start.
func JoinOrigins(value string, add ...string) (Joined, error) {
	for _, origin := range add {
		u, err := url.Parse(origin)
		bad := err != nil || strings.ContainsAny(origin, " \t,;$'\"")
		if bad || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.Scheme+"://"+u.Host != origin {
			return Joined{}, refuse(0, "Write scheme and host alone, such as https://app.example.com.", "%q is not an origin.", origin)
		}
	}
	return join(value, add)
}

func join(value string, add []string) (Joined, error) {
	if strings.HasPrefix(value, "$") {
		return Joined{}, refuse(0, "Write the list out.", "The list is a reference to another variable, so nothing can be added to it.")
	}
	j := Joined{Value: value}
	var entries []string
	for entry := range strings.SplitSeq(value, ",") {
		clean := strings.TrimSpace(entry)
		if clean == "" {
			continue
		}
		if clean != entry {
			j.Trimmed = append(j.Trimmed, clean)
		}
		entries = append(entries, clean)
	}
	for _, item := range add {
		if !slices.ContainsFunc(entries, func(e string) bool { return strings.EqualFold(e, item) }) {
			entries = append(entries, item)
			j.Added = append(j.Added, item)
		}
	}
	if len(j.Added)+len(j.Trimmed) > 0 {
		j.Value, j.Changed = strings.Join(entries, ","), true
	}
	return j, nil
}

// RemoveFrom takes an entry out of a comma-separated list. The other entries
// stay as they are written.
func RemoveFrom(value, item string) (string, bool) {
	var kept []string
	removed := false
	for entry := range strings.SplitSeq(value, ",") {
		if strings.EqualFold(strings.TrimSpace(entry), item) {
			removed = true
			continue
		}
		kept = append(kept, entry)
	}
	if !removed {
		return value, false
	}
	return strings.Join(kept, ","), true
}
