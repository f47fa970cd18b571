package setup

import (
	"fmt"
	"strings"
	"time"
)

// Deed is a change that somebody made in a Cloudflare account, as the account's
// audit log has it.
type Deed struct {
	At   time.Time `json:"at"`
	Verb Verb      `json:"verb"`
	// By says who, and how: "by ana@example.org in the dashboard"; empty: the log
	// does not tell.
	By      string `json:"by"`
	Program bool   `json:"program,omitempty"` // by a program with a token or a key
	Path    string `json:"path"`              // of what was changed, below the root of the API
}

// String is the deed in a sentence.
func (d Deed) String() string {
	did := map[Verb]string{Create: "Made", Update: "Changed", Delete: "Deleted"}[d.Verb]
	return fmt.Sprintf("%s %s, %s.", did, d.By, d.At.UTC().Format("2 Jan 15:04 UTC"))
}

// Of says whether the deed was done to what a path ends with.
func (d Deed) Of(end string) bool { return strings.HasSuffix("/"+strings.Trim(d.Path, "/"), "/"+end) }
