package handlers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/live"
	"github.com/culvert/culvert/web"
)

// Timing is how streams behave, and what is read for a page. Zero values are replaced by defaults.
type Timing struct {
	Life  time.Duration // of one stream; the browser opens the next. 15 minutes
	Beat  time.Duration // between signs of life. 15 seconds
	Write time.Duration // that one message may take. 10 seconds
	Pace  time.Duration // between two looks at what changed. 150 milliseconds
	Read  time.Duration // that a page waits for the account, which no page needs. 8 seconds
}

func (t Timing) orDefault() Timing {
	for _, d := range []struct {
		value    *time.Duration
		fallback time.Duration
	}{{&t.Life, 15 * time.Minute}, {&t.Beat, 15 * time.Second}, {&t.Write, 10 * time.Second}, {&t.Pace, 150 * time.Millisecond}, {&t.Read, 8 * time.Second}} {
		if *d.value == 0 {
			*d.value = d.fallback
		}
	}
	return t
}

// errOver ends a stream that has nothing more to say.
var errOver = errors.New("the stream is over")

// stream is one open page that is kept up to date.
type stream struct {
	*site
	w    http.ResponseWriter
	r    *http.Request
	out  *http.ResponseController
	page web.Page
	sent map[string]string // version of each region that the page has
}

// events keeps a page up to date. It subscribes first and then reads, so that
// nothing is missed in between; every event leads to reading again, so that lost
// and merged events do no harm.
func (s *site) events(w http.ResponseWriter, r *http.Request) error {
	page := r.URL.Query().Get("page")
	if !web.KnownPage(page) {
		return journey.ErrNotFound
	}
	st := &stream{site: s, w: w, r: r, out: http.NewResponseController(w), page: web.Page(page), sent: map[string]string{}}
	alive, err := st.alive()
	if err != nil {
		return fmt.Errorf("reading the session of a stream: %w", err)
	}
	if !alive { // never a redirect: the browser would follow it for ever
		http.Error(w, "You are signed out.", http.StatusUnauthorized)
		return nil
	}
	events := s.Hub.Subscribe(r.Context(), live.Filter{Setup: string(setupOf(r))})
	regions, err := st.read(r.Context())
	if err != nil {
		return err
	}
	defer st.unbound()
	if err := st.begin(); err != nil {
		return nil // the visitor left
	}
	if err := st.send(regions); err != nil {
		return nil
	}
	if err := st.pulse(); err != nil {
		return nil
	}
	st.follow(events)
	return nil
}

// begin says that what follows are events.
func (st *stream) begin() error {
	h := st.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	return st.write([]byte("retry: 2000\n\n"))
}

// unbound takes the deadline of the last message off the connection.
func (st *stream) unbound() {
	// A connection that is gone needs none.
	_ = st.out.SetWriteDeadline(time.Time{})
}

// follow sends what changes until the visitor, the session, the hub or the
// stream's time ends.
func (st *stream) follow(events <-chan live.Event) {
	life := time.NewTimer(st.Timing.Life)
	defer life.Stop()
	beat := time.NewTicker(st.Timing.Beat)
	defer beat.Stop()
	for {
		var err error
		select {
		case <-st.r.Context().Done():
			return
		case <-life.C:
			return
		case e, open := <-events:
			if !open {
				return
			}
			err = st.changed(e)
		case <-beat.C:
			err = st.pulse()
		}
		if err != nil {
			st.ended(err)
			return
		}
	}
}

func (st *stream) ended(err error) {
	if errors.Is(err, errOver) || st.r.Context().Err() != nil || errors.Is(err, journey.ErrNotFound) {
		return
	}
	st.Log.WarnContext(st.r.Context(), "an open page is no longer kept up to date", "path", st.r.URL.Path, "err", err)
}

// changed sends what is different after an event, and takes a breath: what
// happens meanwhile comes together with the next one.
func (st *stream) changed(e live.Event) error {
	if err := st.stillIn(); err != nil {
		return err
	}
	key := screenKey{setupOf(st.r), st.page}
	regions, err := st.screens.get(st.r.Context(), key, e.Version, st.read)
	if err != nil {
		return err
	}
	if err := st.send(regions); err != nil {
		return err
	}
	pace := time.NewTimer(st.Timing.Pace)
	defer pace.Stop()
	select {
	case <-pace.C:
	case <-st.r.Context().Done():
	}
	return nil
}

func (st *stream) read(ctx context.Context) ([]web.Region, error) {
	v, err := st.lively(st.r.WithContext(ctx), st.page)
	if err != nil {
		return nil, err
	}
	return v.Regions(ctx)
}

// lively is a page with parts that change by themselves.
type lively interface {
	Regions(context.Context) ([]web.Region, error)
}

func (s *site) lively(r *http.Request, at web.Page) (lively, error) {
	if at.Stands() {
		return s.desk(r, at)
	}
	return s.view(r, at)
}

// pulse tells the page, and what stands between, that the stream is alive.
func (st *stream) pulse() error {
	if err := st.stillIn(); err != nil {
		return err
	}
	return st.write(message("alive", "", st.Clock().UTC().Format(time.RFC3339)))
}

// stillIn ends the stream of a session that has ended. The page is told so.
func (st *stream) stillIn() error {
	alive, err := st.alive()
	if err != nil {
		return fmt.Errorf("reading the session of a stream: %w", err)
	}
	if alive {
		return nil
	}
	var b bytes.Buffer
	if err := web.SignedOutBanner().Render(st.r.Context(), &b); err != nil {
		return err
	}
	if err := st.write(message("signed-out", "", b.String())); err != nil {
		return err
	}
	return errOver
}

func (st *stream) alive() (bool, error) {
	if st.Sessions == nil {
		return true, nil
	}
	return st.Sessions.Alive(st.r.Context())
}

// send writes the regions that the page does not have yet.
func (st *stream) send(regions []web.Region) error {
	var b bytes.Buffer
	for _, region := range regions {
		if st.sent[region.Name] != region.Version {
			b.Write(message(region.Name, region.Version, region.HTML))
			st.sent[region.Name] = region.Version
		}
	}
	if b.Len() == 0 {
		return nil
	}
	return st.write(b.Bytes())
}

func (st *stream) write(text []byte) error {
	if err := st.out.SetWriteDeadline(time.Now().Add(st.Timing.Write)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := st.w.Write(text); err != nil {
		return err
	}
	return st.out.Flush()
}

// message is one event as it goes over the wire.
func message(name, id, html string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "event: %s\n", name)
	if id != "" {
		fmt.Fprintf(&b, "id: %s\n", id)
	}
	if html == "" {
		b.WriteString("data:\n") // without any data browsers drop the event
	}
	for line := range strings.Lines(html) {
		fmt.Fprintf(&b, "data: %s\n", strings.TrimRight(line, "\r\n"))
	}
	b.WriteString("\n")
	return b.Bytes()
}
