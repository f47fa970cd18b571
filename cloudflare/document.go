package cloudflare

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/culvert/culvert/setup"
)

// document is something at Cloudflare that holds several objects and is written
// whole, such as a list. It has no version to write against: it is read right
// before the write and after it, and what somebody writes in between is lost.
type document interface {
	// read gives what stands; the entries are what is going to be changed.
	read(ctx context.Context, entries []setup.Entry) (content, error)
	// write puts one content in the place of another.
	write(ctx context.Context, before, after content) error
}

// content is a document at one moment. Its methods change nothing.
type content interface {
	// object is what an entry is about; nil if it is not there.
	object(e setup.Entry) *setup.Object
	// id is that of the object, there or not.
	id(e setup.Entry) string
	// apply gives the content with an entry's change made.
	apply(e setup.Entry) (content, *setup.Problem)
	same(other content) bool
}

// document gives the one that an entry changes; nil: its object stands alone.
func (c *Client) document(e setup.Entry) document {
	switch e.Key.Kind {
	case setup.KindIngress:
		return ruleSheet{c, e.Key.Scope, groupOf(e).Tunnel.Lit}
	case setup.KindEnrolment, setup.KindEnrolmentRule:
		return enrolmentSheet{c, e.Key.Scope}
	case setup.KindSplitTunnel:
		return splitSheet{c, e.Key.Scope, splitOf(e).Profile}
	case setup.KindFallback, setup.KindShadow:
		return fallbackSheet{c, e.Key.Scope, profileOf(e)}
	}
	return nil
}

// bundle is what one call changes of one document.
type bundle struct {
	document
	entries  []setup.Entry
	outcomes []*setup.Outcome
}

// bundles sorts the entries of a call by document, but for those that have
// failed already.
func (c *Client) bundles(entries []setup.Entry, outcomes []setup.Outcome) []*bundle {
	var all []*bundle
	for i, e := range entries {
		d := c.document(e)
		if d == nil || outcomes[i].Err != nil {
			continue
		}
		j := slices.IndexFunc(all, func(b *bundle) bool { return b.document == d })
		if j < 0 {
			j = len(all)
			all = append(all, &bundle{document: d})
		}
		all[j].entries = append(all[j].entries, e)
		all[j].outcomes = append(all[j].outcomes, &outcomes[i])
	}
	return all
}

// do makes the changes with one write. The error means that it is not known what
// the write did.
func (b *bundle) do(ctx context.Context, log *slog.Logger) error {
	before, err := b.read(ctx, b.entries)
	if err != nil {
		b.fail(err)
		return nil
	}
	after := before
	for i, e := range b.entries {
		o := b.outcomes[i]
		if *o = precondition(before, e); o.Err != nil {
			continue
		}
		next, p := after.apply(e)
		if p != nil {
			o.Err = p
			continue
		}
		after = next
	}
	if after.same(before) {
		return nil
	}
	if err := b.write(ctx, before, after); err != nil {
		if _, err := unfinished(err); err != nil {
			return err
		}
		b.fail(err)
		return nil
	}
	return b.readBack(ctx, log, before, after)
}

// fail gives every entry that has not failed yet the same problem, but for
// deletes in a document that is gone: what they ask for is so.
func (b *bundle) fail(err error) {
	for i, e := range b.entries {
		if b.outcomes[i].Err != nil {
			continue
		}
		*b.outcomes[i] = setup.Outcome{ID: e.ID}
		if e.Verb != setup.Delete || !gone(err) {
			b.outcomes[i].Err = problem(err)
		}
	}
}

// precondition compares what an entry is about with what the plan saw. The
// outcome it gives is right if nothing needs to be written.
func precondition(now content, e setup.Entry) setup.Outcome {
	have := now.object(e)
	o := setup.Outcome{ID: now.id(e)}
	if have != nil {
		o.State = have.State
	}
	if e.Verb != setup.Create && e.ID != o.ID {
		return failed(refused(setup.CodeInternal, "The change of %s is about another object than the one it names.", e.Key.Short()))
	}
	switch {
	case e.Verb == setup.Create && have != nil && !setup.Same(have.State, e.To):
		o.Err = refused(setup.CodeConflict, "There is one already for %s. Look again; nothing was changed.", e.Key.Name)
	case e.Verb == setup.Update && have == nil:
		return changed(e, nil)
	case e.Verb != setup.Create && have != nil && !asSeen(have.State, e.From):
		return changed(e, have)
	}
	return o
}

// asSeen says whether what stands is what the plan saw.
func asSeen(have, from setup.State) bool {
	if saw, ok := from.(setup.Shadow); ok {
		now, ok := have.(setup.Shadow)
		return ok && stillStands(now, saw)
	}
	return setup.Same(have, from)
}

// readBack fills in what stands now for the entries that were written.
func (b *bundle) readBack(ctx context.Context, log *slog.Logger, before, after content) error {
	now, err := b.read(ctx, b.entries)
	if err != nil {
		return fmt.Errorf("reading back what was written: %w", problem(err))
	}
	if n, counted := now.(interface{ overtaken(content) bool }); counted && n.overtaken(before) {
		log.WarnContext(ctx, "somebody else changed the same thing at the same moment; one of the changes may be lost", "of", b.entries[0].Key.Short())
	}
	for i, e := range b.entries {
		o := b.outcomes[i]
		if o.Err != nil {
			continue
		}
		o.ID, o.State = now.id(e), stateOf(now.object(e))
		if !setup.Same(o.State, stateOf(after.object(e))) {
			o.Err = refused(setup.CodeUnavailable, "Cloudflare took the change but does not show it. Look again in a moment.")
		}
	}
	return nil
}

func stateOf(o *setup.Object) setup.State {
	if o == nil {
		return nil
	}
	return o.State
}
