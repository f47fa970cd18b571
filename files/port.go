package files

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/stackfile"
)

// portFile is a compose file, opened for the published port of one service.
type portFile struct{ composeFile }

func (f *Files) openPort(ctx context.Context, e setup.Entry) (opened, error) {
	c, err := f.openCompose(ctx, e.Key.Scope, func(s setup.Stack) bool { return s.Service == e.Key.Name })
	if err != nil {
		return nil, err
	}
	return &portFile{c}, nil
}

func (f *Files) observePort(w *setup.World, s setup.Stack, m *stackfile.Meaning, failed error) {
	if serviceRead(w, setup.KindComposePort, s, m, failed) {
		w.Objects = append(w.Objects, setup.Object{Scope: s.ComposeFile, ID: s.Service, State: portOf(m, s)})
	}
}

func portOf(m *stackfile.Meaning, s setup.Stack) setup.ComposePort {
	return setup.ComposePort{Path: s.ComposeFile, Service: s.Service, Target: s.Target, Exposure: exposure(m, s)}
}

// exposure says from where the port can be reached once the app is started
// from its files, all of them: ports of several files add up.
func exposure(m *stackfile.Meaning, s setup.Stack) setup.Exposure {
	if m.NetworkMode(s.Service) == "host" {
		return setup.ExposedPublic
	}
	exposed := setup.ExposedNone
	for _, p := range m.Ports(s.Service) {
		switch {
		case p.Target != s.Target || p.Protocol != "tcp" && p.Protocol != "":
		case !p.Loopback():
			return setup.ExposedPublic
		default:
			exposed = setup.ExposedLoopback
		}
	}
	return exposed
}

func (p *portFile) state(setup.Entry) setup.State {
	if !slices.Contains(p.before.Services(), p.stack.Service) {
		return nil
	}
	return portOf(p.before, p.stack)
}

func (p *portFile) draft(ctx context.Context, entries []setup.Entry) (draft, error) {
	to, ok := entries[0].To.(setup.ComposePort)
	if !ok || to.Target != p.stack.Target || to.Path != p.file.path {
		return draft{}, refuse("The line of a published port is changed, never removed as a whole.")
	}
	now := exposure(p.before, p.stack)
	if now == to.Exposure {
		return draft{steps: []step{{file: p.file, after: p.file.src}}}, nil
	}
	if opens(now, to.Exposure) {
		return p.restore(ctx, to)
	}
	return p.narrow(ctx, to)
}

func opens(from, to setup.Exposure) bool {
	return !setup.Met(setup.ComposePort{Exposure: from}, setup.ComposePort{Exposure: to})
}

func (p *portFile) narrow(ctx context.Context, to setup.ComposePort) (draft, error) {
	c, err := stackfile.ParseCompose(p.file.src)
	if err != nil {
		return draft{}, asProblem(setup.CodeRefused, p.file.path, err)
	}
	change := c.BindLoopback
	if to.Exposure == setup.ExposedNone {
		change = c.RemovePort
	}
	edit, err := change(to.Service, strconv.Itoa(to.Target), p.before.Lookup)
	if err != nil {
		return draft{}, asProblem(setup.CodeRefused, p.file.path, err)
	}
	if edit.Empty() {
		return draft{}, p.elsewhere()
	}
	after, err := p.load(ctx, edit.After)
	if err != nil {
		return draft{}, err
	}
	if _, err := stackfile.Compare(p.before, after, to.Service); err != nil {
		return draft{}, asProblem(setup.CodeRefused, p.file.path, err)
	}
	if exposure(after, p.stack) != to.Exposure {
		return draft{}, p.elsewhere()
	}
	return draft{diff: edit.Diff(), steps: []step{{file: p.file, after: edit.After}}}, nil
}

// restore opens the port again by putting the very lines back that we changed.
// There is no other way: what to open, and how wide, is not ours to write.
func (p *portFile) restore(ctx context.Context, to setup.ComposePort) (draft, error) {
	src, _, ok := p.files.earlier(p.file, func(src []byte, exists bool) bool {
		after, err := p.load(ctx, src)
		if !exists || err != nil || exposure(after, p.stack) != to.Exposure {
			return false
		}
		d, err := stackfile.Differences(p.before, after)
		return err == nil && len(d.Changes) == 1 && d.Changes[0].Path == "services."+to.Service+".ports"
	})
	if !ok {
		return draft{}, refuse("%s is no longer as Culvert left it, so the port is not opened again. Change ports: of %s by hand.", p.file.path, to.Service)
	}
	return draft{diff: linesDiff(p.file.src, src), steps: []step{{file: p.file, after: src}}}, nil
}

func (p *portFile) load(ctx context.Context, src []byte) (*stackfile.Meaning, error) {
	m, err := load(ctx, p.stack, map[string][]byte{p.file.path: src})
	if err != nil {
		return nil, asProblem(setup.CodeRefused, p.file.path, err)
	}
	return m, nil
}

// elsewhere says why nothing in the file closes the port.
func (p *portFile) elsewhere() *setup.Problem {
	if mode := p.before.NetworkMode(p.stack.Service); mode != "" {
		return refuse("%s sets network_mode: %s, so no line of %s decides where its port can be reached. Change it by hand.", p.stack.Service, mode, p.file.path)
	}
	files := p.before.PortFiles(p.stack.Service)
	if len(files) == 0 {
		return refuse("No compose file that %s was started from publishes port %d itself: it comes from a file that one of them includes or extends. Change it there.", p.stack.Service, p.stack.Target)
	}
	return refuse("Port %d of %s is published in %s. Change it in each of them.", p.stack.Target, p.stack.Service, strings.Join(files, " and "))
}
