package rehearsal

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
)

// A call that the made-up Cloudflare drops, or that is given up while it answers
// slowly, fails like one over a network. It takes nothing else down with it.
func TestADroppedCallIsAnError(t *testing.T) {
	dropped := handlerTransport{http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })}
	slow := handlerTransport{http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	})}
	for name, row := range map[string]struct {
		transport handlerTransport
		giveUp    bool
		want      error
	}{
		"dropped":  {dropped, false, io.ErrUnexpectedEOF},
		"given up": {slow, true, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://api.example/", nil)
			if err != nil {
				t.Fatal(err)
			}
			if row.giveUp {
				go cancel()
			}
			resp, err := row.transport.RoundTrip(r)
			if resp != nil {
				_ = resp.Body.Close()
			}
			if !errors.Is(err, row.want) {
				t.Errorf("got %v, want %v", err, row.want)
			}
		})
	}
}
