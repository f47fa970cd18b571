package setup

import (
	"fmt"
	"time"
)

// Happening is something that happened on a server, as Docker tells it: what and
// when. By whom Docker does not know.
type Happening struct {
	At   time.Time `json:"at"`
	What string    `json:"what"` // a sentence without its full stop: The container was removed (docker rm)
}

// String is what happened, with its time, in a sentence.
func (h Happening) String() string {
	return fmt.Sprintf("%s, %s.", h.What, h.At.UTC().Format("2 Jan 15:04 UTC"))
}
