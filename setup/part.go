package setup

import (
	"path"
	"strings"
)

// DoorOf gives the door whose application a key stands for.
func (a Answers) DoorOf(k Key) (Door, bool) {
	for _, d := range a.Doors {
		if k == a.doorKey(d) {
			return d, true
		}
	}
	return Door{}, false
}

// DoorKey is the key of a door's application.
func (a Answers) DoorKey(d Door) Key { return a.doorKey(d) }

// TeamKey is the key of the rule that says who may enter.
func (a Answers) TeamKey() Key { return a.teamKey() }

// BypassKey is the key of the rule that opens every door.
func (a Answers) BypassKey() Key { return a.bypassKey() }

// Takes says whether an application on a destination (host, or host/path with
// or without a star at its end) answers for a path of a host, as the longest
// destination that covers it would.
func Takes(destination, host, asked string) bool {
	at, below, whole := strings.Cut(destination, "/")
	if at != host {
		return false
	}
	if !whole {
		return true
	}
	bare := merged(asked)
	prefix, wild := strings.CutSuffix("/"+below, "*")
	if wild {
		return strings.HasPrefix(bare, prefix)
	}
	return bare == prefix || strings.HasPrefix(bare, strings.TrimSuffix(prefix, "/")+"/")
}

// merged is a path as Cloudflare compares it: without its query, with dot segments
// applied and double slashes merged (Cloudflare docs, URL normalization).
func merged(asked string) string {
	bare, _, _ := strings.Cut(asked, "?")
	clean := path.Clean("/" + bare)
	if strings.HasSuffix(bare, "/") && clean != "/" {
		clean += "/"
	}
	return clean
}
