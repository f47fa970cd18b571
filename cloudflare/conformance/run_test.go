package conformance

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/culvert/culvert/cloudflare/sim"
)

// class says where a row may run.
type class int

const (
	read      class = iota // changes nothing
	own                    // writes what it made itself, and removes it
	wide                   // changes what belongs to the whole account or zone, and puts it back
	simulated              // needs a state that cannot be had at Cloudflare
)

// may tells whether rows of a class run against the real API.
func (c class) may(disposable bool) bool { return c == read || c == own || c == wide && disposable }

// row is one thing that the API does.
type row struct {
	op      string // as the simulator names it
	what    string
	class   class
	options sim.Options // of the simulator that it runs against
	run     func(*try)
}

func (r row) String() string { return r.op + ": " + r.what }

// cleanup removes what a row made, or puts back what it changed.
type cleanup struct{ method, path, body string }

// made has something deleted when the row is over, however it ends.
func (t *try) made(path string) { t.after("DELETE", path, "") }

func (t *try) after(method, path, body string) {
	t.cleanups = append(t.cleanups, cleanup{method, t.fill(path), body})
}

// on runs the row against a target and removes what it made.
func (r row) on(api target) *try {
	t := newTry(api)
	done := make(chan struct{})
	go func() { // of its own, so that stop ends it
		defer close(done)
		defer t.cleanUp()
		defer func() {
			if p := recover(); p != nil {
				t.failf("the row panicked: %v", p)
			}
		}()
		r.run(t)
	}()
	<-done
	return t
}

// cleanUp goes backwards, and says what stays behind. Something that is gone
// already is no failure.
func (t *try) cleanUp() {
	for _, c := range slices.Backward(t.cleanups) {
		if err := t.undo(c); err != nil {
			t.failf("LEFT BEHIND: %s %s: %v", c.method, c.path, err)
		}
	}
	t.cleanups = nil
}

func (t *try) undo(c cleanup) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, c.method, t.base+strings.TrimPrefix(c.path, "/"), strings.NewReader(c.body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+t.token)
	req.Header.Set("Content-Type", "application/json")
	if err := t.wait(); err != nil {
		return err
	}
	resp, err := t.http.Do(req)
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode >= 300 && resp.StatusCode != http.StatusNotFound {
		return fmt.Errorf("HTTP %d", resp.StatusCode)
	}
	return nil
}

// refusal is a row of a call that is refused.
type refusal struct {
	op     string
	class  class
	what   string
	given  func(*try) // nil: nothing has to be there
	body   string     // of the call; a ? begins a query instead
	status int
	code   int
	text   string
	chain  int // in the error chain; 0: nothing has to be there
}

// row makes the call with the official client.
func (r refusal) row() row {
	return row{op: r.op, what: "refuses " + r.what, class: r.class, run: func(t *try) {
		if r.given != nil {
			r.given(t)
		}
		method, path, _ := strings.Cut(r.op, " ")
		body := r.body
		if strings.HasPrefix(body, "?") {
			path, body = path+body, ""
		}
		var result struct{ ID string }
		err := t.execute(method, path, body, &result)
		if err == nil && method == "POST" && result.ID != "" {
			t.made(path + "/" + result.ID) // it should not have been made
		}
		t.refused(err, r.status, r.code, r.text)
		if r.chain != 0 {
			t.chained(err, r.chain)
		}
	}}
}

func rowsOf(list []refusal) []row {
	rows := make([]row, len(list))
	for i, r := range list {
		rows[i] = r.row()
	}
	return rows
}
