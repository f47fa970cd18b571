package tunnelproto

import (
	"context"
	"io"
	"time"
)

const unregisterTimeout = 5 * time.Second

// register registers over the control stream, stays until the connection ends
// or the connector stops, and then unregisters.
func (l *link) register(ctx context.Context, stream io.ReadWriteCloser) {
	defer close(l.parted)
	client := newRPCClient(ctx, stream)
	defer client.close()

	reg := l.connector.registration(l.index, l.attempts)
	reg.LocalIP = l.local
	rctx, cancel := context.WithTimeout(ctx, registerTimeout)
	details, err := client.register(rctx, reg)
	cancel()
	if err != nil {
		if l.connector.Refused != nil {
			l.connector.Refused(err)
		}
		l.fail(err)
		return
	}
	l.stay(ctx, client, details)
}

// stay is the registered part of a link's life.
func (l *link) stay(ctx context.Context, client *rpcClient, d Details) {
	log := l.connector.logger().With("connIndex", l.index)
	l.wasUp = true
	me := Live{Index: l.index, Protocol: l.protocol, Details: d}
	l.connector.up(me)
	if l.connector.Registered != nil {
		l.connector.Registered(me)
	}
	log.Info("Registered tunnel connection", "connection", d.ConnectionID, "event", 0,
		"ip", l.edge.String(), "location", d.Location, "protocol", string(l.protocol))
	l.connected()
	if err := l.tellRules(ctx, client, d); err != nil {
		log.Error("unable to send local configuration", "error", err)
	}

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

// tellRules tells the edge the rules that the connector has of its own, once
// per connector, where none come from the edge.
func (l *link) tellRules(ctx context.Context, client *rpcClient, d Details) error {
	if l.index != 0 || d.RemotelyManaged || l.connector.LocalConfig == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, rpcTimeout)
	defer cancel()
	return client.updateLocal(ctx, l.connector.LocalConfig())
}

// fail ends the link, whose connection is of no more use.
func (l *link) fail(err error) {
	l.err = err
	close(l.failed)
}
