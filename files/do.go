package files

import (
	"context"
	"fmt"

	"github.com/culvert/culvert/setup"
)

// Do changes one file, in one step for all entries. An entry that no longer
// stands as it was shown is left alone; the others are made. The error is for a
// file that was changed and could not be read back.
func (f *Files) Do(ctx context.Context, call setup.Call) ([]setup.Outcome, error) {
	if len(call.Entries) == 0 {
		return nil, nil
	}
	if err := oneFile(call); err != nil {
		return nil, err
	}
	f.writing.Lock()
	defer f.writing.Unlock()
	file, err := f.open(ctx, call.Entries[0])
	if err != nil {
		return failed(call.Entries, err), nil
	}
	out, todo := f.compare(file, call.Entries)
	if len(todo) == 0 {
		return out, nil
	}
	if err := f.change(ctx, file, todo); err != nil {
		for i := range out {
			if out[i].Err == nil {
				out[i].Err = asProblem(setup.CodeRefused, "", err)
			}
		}
		return out, nil
	}
	return out, f.readBack(ctx, call.Entries, out)
}

func oneFile(call setup.Call) error {
	first := call.Entries[0].Key
	for _, e := range call.Entries {
		if e.Key.Kind != first.Kind || e.Key.Scope != first.Scope {
			return fmt.Errorf("the call %s mixes %s and %s", call.Footprint, first, e.Key)
		}
		if first.Kind != setup.KindEnvVar && len(call.Entries) > 1 {
			return fmt.Errorf("the call %s changes %s in two ways", call.Footprint, first)
		}
	}
	return nil
}

// compare gives the outcomes of entries that no longer stand as they were
// shown, and the entries that are left.
func (f *Files) compare(file opened, entries []setup.Entry) (out []setup.Outcome, todo []setup.Entry) {
	out = make([]setup.Outcome, len(entries))
	for i, e := range entries {
		now := file.state(e)
		out[i] = setup.Outcome{ID: idOf(e), State: now}
		if setup.Same(e.From, now) {
			todo = append(todo, e)
			continue
		}
		out[i].Err = changed(setup.Name(e.Key, either(e.From, now, e.To)))
	}
	return out, todo
}

func (f *Files) change(ctx context.Context, file opened, todo []setup.Entry) error {
	d, err := file.draft(ctx, todo)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := f.write(ctx, d); err != nil {
		return err
	}
	for _, e := range todo {
		f.Log.InfoContext(ctx, "file changed", "path", e.Key.Scope, "key", e.Key.Name, "verb", e.Verb)
	}
	return nil
}

// readBack fills in how the entries that were changed stand now.
func (f *Files) readBack(ctx context.Context, entries []setup.Entry, out []setup.Outcome) error {
	file, err := f.open(ctx, entries[0])
	if err != nil {
		return fmt.Errorf("reading %s back: %w", entries[0].Key.Scope, err)
	}
	for i, e := range entries {
		if out[i].Err == nil {
			out[i].State = file.state(e)
		}
	}
	return nil
}

// Preview shows the lines that Do would change, secrets as dots. It writes
// nothing and asks nobody for a token.
func (f *Files) Preview(ctx context.Context, e setup.Entry) (string, error) {
	file, err := f.open(ctx, e)
	if err != nil {
		return "", asProblem(setup.CodeInvalid, "", err)
	}
	out, todo := f.compare(file, []setup.Entry{e})
	if len(todo) == 0 {
		return "", out[0].Err
	}
	d, err := file.draft(ctx, todo)
	if err != nil {
		return "", asProblem(setup.CodeRefused, "", err)
	}
	return d.diff, nil
}

// idOf is the id of an entry's object: the name of the key, the service, or the
// path of the connector's file.
func idOf(e setup.Entry) string {
	if e.Key.Kind == setup.KindConnectorFile || e.Key.Kind == setup.KindFrontConfig {
		return e.Key.Scope
	}
	return e.Key.Name
}

func either(states ...setup.State) setup.State {
	for _, s := range states {
		if s != nil {
			return s
		}
	}
	return nil
}

// failed gives every entry the same problem.
func failed(entries []setup.Entry, err error) []setup.Outcome {
	out := make([]setup.Outcome, len(entries))
	for i, e := range entries {
		out[i] = setup.Outcome{ID: idOf(e), State: e.From, Err: asProblem(setup.CodeRefused, "", err)}
	}
	return out
}
