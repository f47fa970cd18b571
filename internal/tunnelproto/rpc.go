package tunnelproto

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	capnp "zombiezen.com/go/capnproto2"
	"zombiezen.com/go/capnproto2/rpc"
	"zombiezen.com/go/capnproto2/server"
	rpccapnp "zombiezen.com/go/capnproto2/std/capnp/rpc"
)

// registrar is the edge's side of the control stream: what a connector may ask.
type registrar interface {
	register(context.Context, Registration) (Details, *RegisterError)
	unregister()
	// updateLocal is told the rules of a connector that has its own.
	updateLocal(config []byte)
	// answered is told when the answer to register was handed to the connection.
	answered()
}

// serveRegistrar answers RPC on a control stream until the stream ends.
func serveRegistrar(stream io.ReadWriteCloser, r registrar) *rpc.Conn {
	methods := []serverMethod{
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
			Method: methodUpdateLocal(),
			Impl: func(_ context.Context, _ capnp.CallOptions, params, _ capnp.Struct) error {
				var read reader
				config := read.data(params, 0)
				if read.err == nil {
					r.updateLocal(config)
				}
				return read.err
			},
		},
	}
	t := &announcing{Transport: rpc.StreamTransport(stream), sent: r.answered}
	return rpc.NewConn(t, offer(methods), rpc.ConnLog(nil))
}

// serverMethod is one that the other side may call.
type serverMethod = server.Method

// offer lets the other side call methods. Unlike rpc.MainInterface it leaves
// nothing behind where the other side never asks for them.
func offer(methods []serverMethod) rpc.ConnOption {
	return rpc.BootstrapFunc(func(context.Context) (capnp.Client, error) { return server.New(methods, nil), nil })
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

// rpcTimeout bounds a call that the other side answers by itself.
const rpcTimeout = 5 * time.Second

// rpcClient asks the other side of a stream.
type rpcClient struct {
	conn *rpc.Conn
	far  capnp.Client
}

func newRPCClient(ctx context.Context, stream io.ReadWriteCloser) *rpcClient {
	conn := rpc.NewConn(rpc.StreamTransport(stream), rpc.ConnLog(nil))
	return &rpcClient{conn: conn, far: conn.Bootstrap(ctx)}
}

func (c *rpcClient) call(ctx context.Context, m capnp.Method, size capnp.ObjectSize, params func(capnp.Struct) error) (capnp.Struct, error) {
	return c.far.Call(&capnp.Call{Ctx: ctx, Method: m, ParamsSize: size, ParamsFunc: params}).Struct()
}

// close returns when nothing of the client uses the stream any more.
func (c *rpcClient) close() {
	_ = c.conn.Close() // it says only that it was closed already
	<-c.conn.Done()
}

// What a connector asks of the edge over the control stream.

func (c *rpcClient) register(ctx context.Context, reg Registration) (Details, error) {
	results, err := c.call(ctx, methodRegister(), sizeRegister(), func(p capnp.Struct) error {
		return writeRegistration(p, reg)
	})
	if err != nil {
		return Details{}, err
	}
	return readResponse(results)
}

func (c *rpcClient) unregister(ctx context.Context) error {
	_, err := c.call(ctx, methodUnregister(), capnp.ObjectSize{}, noParams)
	return err
}

func (c *rpcClient) updateLocal(ctx context.Context, config []byte) error {
	_, err := c.call(ctx, methodUpdateLocal(), sizeUpdateLocal(), func(p capnp.Struct) error {
		return p.SetData(0, config)
	})
	return err
}

func noParams(capnp.Struct) error { return nil }
