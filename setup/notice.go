package setup

import "time"

// Channel is a way on which people are told of problems. Its address holds
// secrets and is kept apart.
type Channel struct {
	ID      int64
	Name    string // as the operator calls it
	Kind    string // E-mail, Slack, Telegram, …
	Created time.Time
}

// Notice is an incident with what was told of it.
type Notice struct {
	Incident
	Told    time.Time // that it stands; zero: not
	ToldEnd time.Time // that it is over, or that there is nothing to tell of that; zero: not
}

// Letter is a message on its way through one channel.
type Letter struct {
	ID       int64
	Channel  int64
	At       time.Time
	Title    string
	Text     string
	Attempts int
	Due      time.Time // when it is tried again
	Sent     time.Time // zero: not yet
	Problem  string    // why the last attempt failed
}
