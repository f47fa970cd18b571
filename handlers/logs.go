package handlers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/journey"
	"github.com/culvert/culvert/live"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/web"
)

// Logs tells what the containers of a setup write.
type Logs interface {
	// Logs tells lines until the context ends.
	Logs(ctx context.Context, id setup.SetupID, source string) (<-chan found.Line, error)
}

// mostLines is how many lines go over at once.
const mostLines = 200

// logsView is the page for one source; the first, if none is named.
func (s *site) logsView(r *http.Request) (web.LogsView, error) {
	v, err := s.standing(r, web.PageLogs)
	if err != nil {
		return web.LogsView{}, err
	}
	l := web.LogsView{StandingView: v, Source: chi.URLParam(r, "source")}
	if v.S.Answers.Setup != "" {
		l.Sources = journey.LogSources(v.S.Answers)
	}
	if l.Source == "" && len(l.Sources) > 0 {
		l.Source = l.Sources[0].ID
	}
	return l, nil
}

func (s *site) logs(w http.ResponseWriter, r *http.Request) error {
	v, err := s.logsView(r)
	if err != nil {
		return err
	}
	if len(v.Sources) > 0 && !v.Has(v.Source) {
		return journey.ErrNotFound
	}
	return s.show(w, r, http.StatusOK, web.Logs(v))
}

// follow sends what a container writes. A stream that is opened again begins
// with the last lines anew, and says so.
func (s *site) follow(w http.ResponseWriter, r *http.Request) error {
	st := &stream{site: s, w: w, r: r, out: http.NewResponseController(w)}
	alive, err := st.alive()
	if err != nil {
		return fmt.Errorf("reading the session of a stream: %w", err)
	}
	if !alive {
		http.Error(w, "You are signed out.", http.StatusUnauthorized)
		return nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.Timing.Life)
	defer cancel()
	lines, err := s.Journey.Logs(ctx, setupOf(r), chi.URLParam(r, "source"))
	if errors.Is(err, journey.ErrNotFound) {
		return err
	}
	if err := st.begin(); err != nil {
		return nil // the visitor left
	}
	defer st.unbound()
	l := &logStream{stream: st, began: time.Now().UnixNano()}
	if err != nil {
		if f := faultOf(err); f.private {
			s.Log.ErrorContext(r.Context(), "reading a log", "path", r.URL.Path, "err", err)
		}
		_ = l.say(web.LogOver(faultOf(err).text)) // then the browser asks again
		return nil
	}
	st.ended(l.tell(ctx, lines, s.Hub.Subscribe(ctx, live.Filter{Setup: string(setupOf(r))})))
	return nil
}

// logStream is an open page that shows a log.
type logStream struct {
	*stream
	began int64 // tells streams apart
	sent  int
}

// tell sends lines until they end, the visitor leaves, or the hub ends, which it
// does when Culvert stops.
func (l *logStream) tell(ctx context.Context, lines <-chan found.Line, events <-chan live.Event) error {
	beat := time.NewTicker(l.Timing.Beat)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return errOver
		case _, open := <-events:
			if !open {
				return errOver
			}
		case line, open := <-lines:
			if !open {
				return errOver
			}
			if err := l.say(web.LogLines(gather(line, lines, l.Timing.Pace))); err != nil {
				return err
			}
		case <-beat.C:
			if err := l.pulse(); err != nil {
				return err
			}
		}
	}
}

// gather takes what comes within a breath together with the first line.
func gather(first found.Line, lines <-chan found.Line, pace time.Duration) []found.Line {
	all := []found.Line{first}
	breath := time.NewTimer(pace)
	defer breath.Stop()
	for len(all) < mostLines {
		select {
		case <-breath.C:
			return all
		case line, open := <-lines:
			if !open {
				return all
			}
			all = append(all, line)
		}
	}
	return all
}

// say sends a piece of the log. The first of a stream takes the place of what an
// earlier one showed.
func (l *logStream) say(c templ.Component) error {
	if err := l.stillIn(); err != nil {
		return err
	}
	var b bytes.Buffer
	if err := c.Render(l.r.Context(), &b); err != nil {
		return err
	}
	word := "more"
	if l.sent == 0 {
		word = "fresh"
	}
	l.sent++
	return l.write(message("lines", fmt.Sprintf("%s-%d-%d", word, l.began, l.sent), b.String()))
}
