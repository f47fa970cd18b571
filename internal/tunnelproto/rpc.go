package tunnelproto

import (
	"context"
	"io"
	"sync/atomic"

	capnp "zombiezen.com/go/capnproto2"
	"zombiezen.com/go/capnproto2/rpc"
	"zombiezen.com/go/capnproto2/server"
	rpccapnp "zombiezen.com/go/capnproto2/std/capnp/rpc"
)

// registrar is the edge's side of the control stream: what a connector may ask.
type registrar interface {
	register(context.Context, Registration) (Details, *RegisterError)
	unregister()
	// answered is told when the answer to register was handed to the connection.
	answered()
}

// serveRegistrar answers RPC on a control stream until the stream ends.
func serveRegistrar(stream io.ReadWriteCloser, r registrar) *rpc.Conn {
	impl := server.New([]server.Method{
		{
			Method:      methodRegister(),
			ResultsSize: sizeResult(),
			Impl: func(ctx context.Context, _ capnp.CallOptions, params, results capnp.Struct) error {
				reg, err := readRegistration(params)
				if err != nil {
					return err
				}
				d, refusal := r.register(ctx, reg)
				return writeResponse(results, d, refusal)
			},
		},
		{
			Method: methodUnregister(),
			Impl: func(context.Context, capnp.CallOptions, capnp.Struct, capnp.Struct) error {
				r.unregister()
				return nil
			},
		},
		{
			// A connector with local rules tells them; nothing here needs them.
			Method: methodUpdateLocal(),
			Impl: func(context.Context, capnp.CallOptions, capnp.Struct, capnp.Struct) error {
				return nil
			},
		},
	}, nil)
	t := &announcing{Transport: rpc.StreamTransport(stream), sent: r.answered}
	return rpc.NewConn(t, rpc.MainInterface(impl), rpc.ConnLog(nil))
}

// announcing tells when the answer to a registration went out, so that nothing
// is done with a connection before its connector was told that it is registered.
type announcing struct {
	rpc.Transport
	question atomic.Int64 // the registration's, plus one; 0 before it came
	sent     func()
}

func (a *announcing) RecvMessage(ctx context.Context) (rpccapnp.Message, error) {
	m, err := a.Transport.RecvMessage(ctx)
	if err != nil || m.Which() != rpccapnp.Message_Which_call {
		return m, err
	}
	if c, err := m.Call(); err == nil && c.InterfaceId() == registrationServer && c.MethodId() == methodRegister().MethodID {
		a.question.Store(int64(c.QuestionId()) + 1)
	}
	return m, nil
}

func (a *announcing) SendMessage(ctx context.Context, m rpccapnp.Message) error {
	err := a.Transport.SendMessage(ctx, m)
	if m.Which() != rpccapnp.Message_Which_return {
		return err
	}
	if r, e := m.Return(); e == nil && int64(r.AnswerId())+1 == a.question.Load() {
		a.sent()
	}
	return err
}

// registrationClient is the connector's side of the control stream.
type registrationClient struct {
	conn *rpc.Conn
	edge capnp.Client
}

func newRegistrationClient(ctx context.Context, stream io.ReadWriteCloser) *registrationClient {
	conn := rpc.NewConn(rpc.StreamTransport(stream), rpc.ConnLog(nil))
	return &registrationClient{conn: conn, edge: conn.Bootstrap(ctx)}
}

func (c *registrationClient) register(ctx context.Context, reg Registration) (Details, error) {
	results, err := c.edge.Call(&capnp.Call{
		Ctx:        ctx,
		Method:     methodRegister(),
		ParamsSize: sizeRegister(),
		ParamsFunc: func(p capnp.Struct) error { return writeRegistration(p, reg) },
	}).Struct()
	if err != nil {
		return Details{}, err
	}
	return readResponse(results)
}

func (c *registrationClient) unregister(ctx context.Context) error {
	_, err := c.edge.Call(&capnp.Call{Ctx: ctx, Method: methodUnregister()}).Struct()
	return err
}

// close returns when nothing of the client uses the stream any more.
func (c *registrationClient) close() {
	_ = c.conn.Close() // it says only that it was closed already
	<-c.conn.Done()
}

// duplex joins the two halves of an HTTP/2 stream.
type duplex struct {
	io.Reader
	io.Writer
	close func() error
}

func (d duplex) Close() error { return d.close() }
