package tunnelproto

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

const unregisterTimeout = 5 * time.Second

// serveControl registers over the control stream, stays until the connection
// ends or the connector stops, and then unregisters.
func (l *link) serveControl(w http.ResponseWriter, r *http.Request) {
	defer close(l.parted)
	ctx := r.Context()
	rc := http.NewResponseController(w)
	if err := rc.Flush(); err != nil {
		l.fail(fmt.Errorf("open the control stream: %w", err))
		return
	}
	client := newRegistrationClient(ctx, duplex{
		Reader: r.Body,
		Writer: flushWriter{w, rc},
		close:  r.Body.Close,
	})
	defer client.close()

	reg := l.connector.registration(l.index, l.attempts)
	reg.LocalIP = l.local
	rctx, cancel := context.WithTimeout(ctx, registerTimeout)
	details, err := client.register(rctx, reg)
	cancel()
	if err != nil {
		l.fail(err)
		return
	}
	l.stay(ctx, client, details)
}

// stay is the registered part of a link's life.
func (l *link) stay(ctx context.Context, client *registrationClient, d Details) {
	log := l.connector.logger().With("connIndex", l.index)
	l.wasUp = true
	me := Live{Index: l.index, Details: d}
	l.connector.up(me)
	if l.connector.Registered != nil {
		l.connector.Registered(me)
	}
	log.Info("Registered tunnel connection", "connection", d.ConnectionID, "event", 0,
		"ip", l.edge.String(), "location", d.Location, "protocol", "http2")
	l.connected()

	select {
	case <-l.stopping:
	case <-ctx.Done():
	case <-client.conn.Done():
	}
	l.connector.down(l.index)
	select {
	case <-l.stopping:
	default:
		l.fail(errLost)
		return
	}
	uctx, cancel := context.WithTimeout(ctx, unregisterTimeout)
	defer cancel()
	if err := client.unregister(uctx); err != nil {
		log.Debug("could not unregister", "error", err)
		return
	}
	log.Info("Unregistered tunnel connection")
}

// fail ends the link, whose connection is of no more use.
func (l *link) fail(err error) {
	l.err = err
	close(l.failed)
}

// flushWriter sends each write at once.
type flushWriter struct {
	io.Writer
	rc *http.ResponseController
}

func (f flushWriter) Write(p []byte) (int, error) {
	n, err := f.Writer.Write(p)
	if err == nil {
		err = f.rc.Flush()
	}
	return n, err
}
