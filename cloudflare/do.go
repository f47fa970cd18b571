package cloudflare

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/tidwall/gjson"

	"github.com/culvert/culvert/setup"
)

// writer writes the objects of one kind.
type writer interface {
	// read gives one object; nil if it is gone.
	read(ctx context.Context, e setup.Entry, id string) (*setup.Object, error)
	create(ctx context.Context, e setup.Entry) (id string, err error)
	update(ctx context.Context, e setup.Entry, have *setup.Object) error
	remove(ctx context.Context, e setup.Entry, have *setup.Object) error
}

// checker is a writer that looks once more at what it wrote.
type checker interface {
	check(e setup.Entry, now setup.State) *setup.Problem
}

// writer gives nil for kinds that only people change, or that are written
// otherwise.
func (c *Client) writer(k setup.Kind) writer {
	switch k {
	case setup.KindLoginMethod:
		return logins{c}
	case setup.KindTunnel:
		return tunnels{c}
	case setup.KindPolicy:
		return policies{c}
	case setup.KindEdgeRule:
		return edgeRules{c, configRules()}
	case setup.KindSkipRule:
		return edgeRules{c, customRules()}
	case setup.KindBotFight:
		return botFights{Client: c}
	case setup.KindSecurityLevel:
		return levels{Client: c}
	case setup.KindZonePause:
		return pauses{Client: c}
	case setup.KindApp:
		return apps{c}
	case setup.KindRoute:
		return routes{c}
	case setup.KindHostnameRoute:
		return hostRoutes{c}
	case setup.KindGatewayProxy:
		return proxies{Client: c}
	case setup.KindICMPProxy:
		return pings{Client: c}
	case setup.KindDNSLocation:
		return locations{c}
	case setup.KindDNSRecord:
		return records{c}
	case setup.KindAlert:
		return alerts{c}
	}
	return nil
}

// Do makes the changes of a call. Before a change the object is read again and
// compared with what the plan saw; afterwards it is read back, because the
// answer to a write proves nothing.
//
// The error means that it is not known what the call did: no answer came, or
// what was written could not be read back.
func (c *Client) Do(ctx context.Context, call setup.Call) ([]setup.Outcome, error) {
	outcomes := make([]setup.Outcome, len(call.Entries))
	for i, e := range call.Entries {
		if outcomes[i].Err = complete(e); outcomes[i].Err != nil || c.document(e) != nil {
			continue
		}
		var err error
		if outcomes[i], err = c.do(ctx, e); err != nil {
			return nil, fmt.Errorf("changing %s: %w", e.Key.Short(), err)
		}
	}
	for _, b := range c.bundles(call.Entries, outcomes) {
		if err := b.do(ctx, c.log); err != nil {
			return nil, fmt.Errorf("changing %s: %w", b.entries[0].Key.Short(), err)
		}
	}
	return outcomes, nil
}

func (c *Client) do(ctx context.Context, e setup.Entry) (setup.Outcome, error) {
	w := c.writer(e.Key.Kind)
	if w == nil {
		return failed(refused(setup.CodeRefused, "Culvert does not change a %s at Cloudflare.", e.Key.Kind)), nil
	}
	if e.Verb == setup.Create {
		id, err := w.create(ctx, e)
		if err != nil {
			return unfinished(err)
		}
		e.ID = id
		return readBack(ctx, w, e)
	}
	have, err := w.read(ctx, e, e.ID)
	switch {
	case err != nil:
		return failed(problem(err)), nil // nothing was written yet
	case have == nil && e.Verb == setup.Delete:
		return setup.Outcome{ID: e.ID}, nil
	case have == nil || !asSeen(have.State, e.From):
		return changed(e, have), nil
	}
	if err := change(ctx, w, e, have); err != nil {
		o, err := unfinished(err)
		o.ID, o.State = e.ID, have.State
		return o, err
	}
	return readBack(ctx, w, e)
}

func change(ctx context.Context, w writer, e setup.Entry, have *setup.Object) error {
	if e.Verb == setup.Update {
		return w.update(ctx, e, have)
	}
	if err := w.remove(ctx, e, have); err != nil && !gone(err) {
		return err
	}
	return nil
}

// readBack gives the state that stands after a write.
func readBack(ctx context.Context, w writer, e setup.Entry) (setup.Outcome, error) {
	now, err := w.read(ctx, e, e.ID)
	switch {
	case err != nil:
		return setup.Outcome{}, fmt.Errorf("reading back what was written: %w", problem(err))
	case e.Verb == setup.Delete && now == nil:
		return setup.Outcome{ID: e.ID}, nil
	case e.Verb == setup.Delete:
		return setup.Outcome{ID: e.ID, State: now.State,
			Err: refused(setup.CodeUnavailable, "Cloudflare said that it was deleted but still has it. Try again in a moment.")}, nil
	case now == nil:
		return setup.Outcome{}, refused(setup.CodeUnavailable, "Cloudflare took the change but does not show it yet. Look again in a moment.")
	}
	o := setup.Outcome{ID: e.ID, State: now.State}
	if c, ok := w.(checker); ok {
		o.Err = c.check(e, now.State)
	}
	return o, nil
}

// complete refuses entries that cannot be carried out; a plan never makes them.
func complete(e setup.Entry) *setup.Problem {
	switch {
	case e.Verb == setup.Delete && isAnswer(e.Key.Kind):
		return errAnswer
	case e.Verb == setup.Delete:
	case e.Verb != setup.Create && e.Verb != setup.Update:
		return refused(setup.CodeInternal, "“%s” is no change that can be made at Cloudflare.", e.Verb)
	case e.Verb == setup.Create && isAnswer(e.Key.Kind):
		return errAnswer
	case e.To == nil || e.To.Kind() != e.Key.Kind || !setup.Bound(e.To):
		return refused(setup.CodeInternal, "The change of %s does not say in full what it is to become.", e.Key.Short())
	}
	if e.Verb != setup.Create && e.ID == "" {
		return refused(setup.CodeInternal, "The change of %s does not say which object it is about.", e.Key.Short())
	}
	return nil
}

// isAnswer: of these every account has what a plan asks about.
func isAnswer(k setup.Kind) bool {
	switch k {
	case setup.KindGatewayProxy, setup.KindICMPProxy, setup.KindSplitTunnel, setup.KindFallback, setup.KindShadow,
		setup.KindBotFight, setup.KindSecurityLevel, setup.KindZonePause:
		return true
	}
	return false
}

var errAnswer = refused(setup.CodeInternal, "This can only be changed; it is neither made nor deleted.")

func failed(p *setup.Problem) setup.Outcome { return setup.Outcome{Err: p} }

// changed is the outcome for what is not as the plan saw it.
func changed(e setup.Entry, have *setup.Object) setup.Outcome {
	if have == nil {
		return setup.Outcome{ID: e.ID, Err: refused(setup.CodeChanged, "It was deleted in the meantime. Look again; nothing was changed.")}
	}
	return setup.Outcome{ID: e.ID, State: have.State,
		Err: refused(setup.CodeChanged, "Somebody changed it in the meantime. Look again; nothing was changed.")}
}

// unfinished sorts a write that failed: refused for certain, or with an effect
// that is not known.
func unfinished(err error) (setup.Outcome, error) {
	var e *apiError
	if errors.As(err, &e) && e.unknown() {
		return setup.Outcome{}, problem(err)
	}
	return failed(problem(err)), nil
}

// idOf is the id of what was just made. Without one we do not know what was.
func idOf(raw json.RawMessage, err error) (string, error) {
	if err != nil {
		return "", err
	}
	id := gjson.GetBytes(raw, "id").String()
	if id == "" {
		return "", &apiError{op: op{doing: "make something"}, method: http.MethodPost, status: http.StatusOK,
			cause: errors.New("the answer names no id")}
	}
	return id, nil
}

// found decodes one object that was read; nil if Cloudflare does not know it.
func found(raw json.RawMessage, err error, decode func(json.RawMessage) (setup.Object, error)) (*setup.Object, error) {
	if gone(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	o, err := decoded(raw, decode)
	if err != nil {
		return nil, err
	}
	return &o, nil
}
