package tunnelproto

import (
	"context"

	"github.com/quic-go/quic-go"
	capnp "zombiezen.com/go/capnproto2"
	"zombiezen.com/go/capnproto2/rpc"
)

// rpcStream is a QUIC stream that is closed in both directions at once.
type rpcStream struct{ *quic.Stream }

func (s rpcStream) Close() error {
	s.CancelRead(0)
	return s.Stream.Close()
}

// dialRPC opens a stream for calls of the other side.
func dialRPC(ctx context.Context, conn *quic.Conn) (*rpcClient, error) {
	stream, err := conn.OpenStreamSync(ctx)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, ErrGone
	}
	if _, err := stream.Write([]byte(signatureRPC)); err != nil {
		_ = rpcStream{stream}.Close()
		return nil, ErrGone
	}
	return newRPCClient(ctx, rpcStream{stream}), nil
}

// serveRPC answers the calls of one stream, after its signature, until it ends
// or has taken too long.
func serveRPC(ctx context.Context, stream *quic.Stream, methods []serverMethod) {
	ctx, cancel := context.WithTimeout(ctx, rpcTimeout)
	defer cancel()
	conn := rpc.NewConn(rpc.StreamTransport(rpcStream{stream}), offer(methods), rpc.ConnLog(nil))
	select {
	case <-conn.Done():
	case <-ctx.Done():
	}
	_ = conn.Close()
	<-conn.Done()
}

func configureParams(u configUpdate) func(capnp.Struct) error {
	return func(p capnp.Struct) error { return writeConfigure(p, u) }
}

// configureMethod lets the edge push configurations.
func configureMethod(apply func(configUpdate) (int, error)) serverMethod {
	return serverMethod{
		Method: methodConfigure(), ResultsSize: sizeResult(),
		Impl: func(_ context.Context, _ capnp.CallOptions, params, results capnp.Struct) error {
			u, err := readConfigure(params)
			if err != nil {
				return err
			}
			applied, err := apply(u)
			failure := ""
			if err != nil {
				failure = err.Error()
			}
			return writeConfigured(results, applied, failure)
		},
	}
}

// sessionMethods let the edge open and close UDP sessions.
func sessionMethods(open func(context.Context, sessionRequest) error, end func(sessionID, string)) []serverMethod {
	return []serverMethod{
		{
			Method: methodOpenSession(), ResultsSize: sizeResult(),
			Impl: func(ctx context.Context, _ capnp.CallOptions, params, results capnp.Struct) error {
				r, err := readSessionRequest(params)
				if err != nil {
					return err
				}
				failure := ""
				if err := open(ctx, r); err != nil {
					failure = err.Error()
				}
				return writeSessionAnswer(results, failure)
			},
		},
		closeSessionMethod(end),
	}
}

// closeSessionMethod is all that a connector may ask of the edge.
func closeSessionMethod(end func(sessionID, string)) serverMethod {
	return serverMethod{
		Method: methodCloseSession(),
		Impl: func(_ context.Context, _ capnp.CallOptions, params, _ capnp.Struct) error {
			id, why, err := readSessionEnd(params)
			if err == nil {
				end(id, why)
			}
			return err
		},
	}
}

// openSession asks the other side for a UDP session. A failure is its own.
func (c *rpcClient) openSession(ctx context.Context, r sessionRequest) (failure string, err error) {
	results, err := c.call(ctx, methodOpenSession(), sizeOpenSession(), func(p capnp.Struct) error {
		return writeSessionRequest(p, r)
	})
	if err != nil {
		return "", err
	}
	return readSessionAnswer(results)
}

func (c *rpcClient) closeSession(ctx context.Context, id sessionID, why string) error {
	_, err := c.call(ctx, methodCloseSession(), sizeCloseSession(), func(p capnp.Struct) error {
		return writeSessionEnd(p, id, why)
	})
	return err
}
