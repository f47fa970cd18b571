package journey

import (
	"context"
	"errors"

	"github.com/culvert/culvert/notify"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

// Telling is how people are told of problems.
type Telling interface {
	State(context.Context) (notify.State, error)
	Add(ctx context.Context, name string, address secret.Text, actor string) (setup.Channel, error)
	Remove(ctx context.Context, id int64, actor string) error
	Test(ctx context.Context, id int64) error
	SetHeartbeat(context.Context, secret.Text) error
}

// Notifications says on which channels people are told of problems, and how
// that goes.
func (j *Journey) Notifications(ctx context.Context) (notify.State, error) {
	if j.Telling == nil {
		return notify.State{}, nil
	}
	return j.Telling.State(ctx)
}

// AddChannel tells people on one more channel. What is wrong with its address is
// said without showing it.
func (j *Journey) AddChannel(ctx context.Context, name string, address secret.Text, actor string) ([]setup.FieldError, error) {
	return fieldErrors("address", j.retell(func() error {
		_, err := j.Telling.Add(ctx, name, address, actor)
		return err
	}))
}

// RemoveChannel tells nobody on a channel any more. ErrNotFound: there is none.
func (j *Journey) RemoveChannel(ctx context.Context, id int64, actor string) error {
	return j.retell(func() error { return j.Telling.Remove(ctx, id, actor) })
}

// TestChannel sends a test message now. A *setup.Problem says why it was not
// taken. ErrNotFound: there is no such channel.
func (j *Journey) TestChannel(ctx context.Context, id int64) error {
	return j.retell(func() error { return j.Telling.Test(ctx, id) })
}

// SetHeartbeat says which address is asked after every good round; empty: none.
func (j *Journey) SetHeartbeat(ctx context.Context, address secret.Text) ([]setup.FieldError, error) {
	return fieldErrors("heartbeat", j.retell(func() error { return j.Telling.SetHeartbeat(ctx, address) }))
}

// retell does something to how people are told, and lets the pages know.
func (j *Journey) retell(do func() error) error {
	if j.Telling == nil {
		return ErrNotFound
	}
	err := do()
	j.Notify.Publish("", notify.Topic)
	return err
}

// fieldErrors takes what is wrong with something that was typed out of an error.
func fieldErrors(field string, err error) ([]setup.FieldError, error) {
	var p *setup.Problem
	if errors.As(err, &p) && p.Code == setup.CodeInvalid {
		return []setup.FieldError{{Field: field, Message: p.Message}}, nil
	}
	return nil, err
}

func (j *Journey) untold(ctx context.Context) ([]string, error) {
	state, err := j.Notifications(ctx)
	return state.Untold(), err
}
