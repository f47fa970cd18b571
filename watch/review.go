package watch

import (
	"context"
	"time"
)

// lastReviewPause is how long is waited at most before an app whose addresses
// could not be read is asked again.
const lastReviewPause = time.Hour

// recallRoutes takes up what was known of a setup's routes before, so that a new
// process does not take a finding for solved until it has read them itself.
func (h *heart) recallRoutes(ctx context.Context, s *subject) {
	s.reviewDue = h.Clock.Now().Add(h.Pace.Load)
	if h.Routes == nil {
		return
	}
	known, err := h.Routes.Known(ctx, s.id)
	if err != nil {
		h.Log.Warn("reading what was known of the app's addresses", "setup", string(s.id), "err", err)
		return
	}
	s.routes = known
}

// reviewSoon compares once the app had time to begin: it was replaced.
func (s *subject) reviewSoon(now time.Time, pace Pace) {
	s.reviewDue, s.reviewFailed = now.Add(pace.Load), 0
}

// review compares the doors of a setup with the addresses of its app if that is
// due, one app at a time: it is work for them.
func (h *heart) review(ctx context.Context, s *subject, now time.Time) {
	if h.Routes == nil || h.reading || s.busy() || s.planned == nil || now.Before(s.reviewDue) {
		return
	}
	h.reading = true
	due := s.reviewDue
	h.beside(ctx, func() func() {
		found, err := h.Routes.Review(ctx, s.id)
		return func() {
			h.reading = false
			now := h.Clock.Now()
			again := s.reviewDue.After(due) // it was replaced meanwhile
			if err != nil {
				s.reviewFailed++
				h.Log.Debug("reading the app's addresses", "setup", string(s.id), "err", err)
				if !again {
					s.reviewDue = now.Add(min(time.Minute<<min(s.reviewFailed-1, 10), lastReviewPause))
				}
				return
			}
			s.routes, s.dirty, s.reviewFailed = found, true, 0
			if !again {
				s.reviewDue = now.Add(h.Pace.Review)
			}
		}
	})
}
