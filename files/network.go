package files

import (
	"context"
	"slices"

	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/stackfile"
)

// networkFile is the app's compose file, opened for a further network of one
// service.
type networkFile struct{ composeFile }

func networkID(s setup.Stack) string { return s.Service + "/" + s.PrivateNetwork }

func (f *Files) openNetwork(ctx context.Context, e setup.Entry) (opened, error) {
	c, err := f.openCompose(ctx, e.Key.Scope, func(s setup.Stack) bool { return networkID(s) == e.Key.Name })
	if err != nil {
		return nil, err
	}
	return &networkFile{c}, nil
}

func (f *Files) observeNetwork(w *setup.World, s setup.Stack, m *stackfile.Meaning, failed error) {
	if !serviceRead(w, setup.KindComposeNetwork, s, m, failed) {
		return
	}
	if now := networkOf(m, s); now != nil {
		w.Objects = append(w.Objects, setup.Object{Scope: s.ComposeFile, ID: networkID(s), State: now})
	}
}

// networkOf is how the service stands in the network once the app is started
// from its files, all of them; nil: not at all.
func networkOf(m *stackfile.Meaning, s setup.Stack) setup.State {
	for _, n := range m.Networks(s.Service) {
		if n.Name == s.PrivateNetwork {
			return setup.ComposeNetwork{Path: s.ComposeFile, Service: s.Service,
				Endpoint: setup.Endpoint{Network: n.Name, Address: n.Address, Aliases: n.Aliases}}
		}
	}
	return nil
}

func (n *networkFile) state(setup.Entry) setup.State { return networkOf(n.before, n.stack) }

// draft takes our lines out if there are any, and writes them anew if they are
// wanted.
func (n *networkFile) draft(ctx context.Context, entries []setup.Entry) (draft, error) {
	src := n.file.src
	if networkOf(n.before, n.stack) != nil {
		var err error
		if src, err = n.without(ctx); err != nil {
			return draft{}, err
		}
	}
	if entries[0].To != nil {
		to, ok := entries[0].To.(setup.ComposeNetwork)
		if !ok || to.Path != n.file.path || to.Network != n.stack.PrivateNetwork {
			return draft{}, refuse("The network cannot be written as asked: it is another one than the app's.")
		}
		var err error
		if src, err = n.with(ctx, src, to); err != nil {
			return draft{}, err
		}
	}
	return draft{diff: linesDiff(n.file.src, src), steps: []step{{file: n.file, after: src}}}, nil
}

// with gives the file with the service in the network.
func (n *networkFile) with(ctx context.Context, src []byte, to setup.ComposeNetwork) ([]byte, error) {
	before, err := n.load(ctx, src)
	if err != nil {
		return nil, err
	}
	use := n.use(before, to)
	edit, err := n.edit(src, use)
	if err != nil {
		return nil, err
	}
	after, err := n.load(ctx, edit.After)
	if err != nil {
		return nil, err
	}
	if _, err := stackfile.CompareNetwork(before, after, to.Service, to.Network, &use); err != nil {
		return nil, asProblem(setup.CodeRefused, n.file.path, err)
	}
	return edit.After, nil
}

// use says whether the service is in the app's own network only because it names
// none.
func (n *networkFile) use(m *stackfile.Meaning, to setup.ComposeNetwork) stackfile.NetworkUse {
	implied := slices.ContainsFunc(m.Networks(to.Service), func(o stackfile.Network) bool { return o.Key == "default" })
	return stackfile.NetworkUse{Name: to.Network, Address: to.Address, Aliases: to.Aliases, KeepDefault: implied}
}

func (n *networkFile) edit(src []byte, use stackfile.NetworkUse) (stackfile.Edit, error) {
	c, err := stackfile.ParseCompose(src)
	if err != nil {
		return stackfile.Edit{}, asProblem(setup.CodeRefused, n.file.path, err)
	}
	edit, err := c.AddNetwork(n.stack.Service, use)
	if err != nil {
		return stackfile.Edit{}, asProblem(setup.CodeRefused, n.file.path, err)
	}
	return edit, nil
}

// without gives the file without our lines. What stood there before is in the
// backups: the edit is made again on each of them, the newest first, and taken
// back where its lines still stand as it would write them.
func (n *networkFile) without(ctx context.Context) ([]byte, error) {
	now := networkOf(n.before, n.stack).(setup.ComposeNetwork)
	var found []byte
	n.files.eachBackup(n.file, func(src []byte) bool {
		m, err := n.load(ctx, src)
		if err != nil || networkOf(m, n.stack) != nil {
			return false
		}
		edit, err := n.edit(src, n.use(m, now))
		if err != nil {
			return false
		}
		back, ok := edit.Revert(n.file.src)
		if !ok {
			return false
		}
		after, err := n.load(ctx, back)
		if err != nil {
			return false
		}
		if _, err = stackfile.CompareNetwork(n.before, after, now.Service, now.Network, nil); err != nil {
			return false
		}
		found = back
		return true
	})
	if found == nil {
		return nil, refuse("%s no longer holds the lines of the network %s as Culvert wrote them, so they are not taken out. Remove them from %s and from networks: by hand.",
			n.file.path, now.Network, now.Service)
	}
	return found, nil
}

func (n *networkFile) load(ctx context.Context, src []byte) (*stackfile.Meaning, error) {
	m, err := load(ctx, n.stack, map[string][]byte{n.file.path: src})
	if err != nil {
		return nil, asProblem(setup.CodeRefused, n.file.path, err)
	}
	return m, nil
}
