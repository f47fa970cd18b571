package files

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/stackfile"
)

// Options is what Files works with. All of it is needed.
type Options struct {
	// Backups is the folder for sealed backups. It belongs to Culvert and lies
	// outside of every folder that an image is built from.
	Backups string
	// Seal and Open are those of a secret.Box.
	Seal, Open func([]byte) ([]byte, error)
	// Token gives the token of a tunnel.
	Token func(ctx context.Context, tunnelID string) (secret.Text, error)
	// TokenDir is the folder for the files that hold the connectors' tokens.
	TokenDir string
	Log      *slog.Logger
	Clock    func() time.Time
}

// Files is the Port over project folders. It is safe for concurrent use; of the
// changes only one is made at a time.
type Files struct {
	Options
	disk disk

	writing sync.Mutex // held for the whole of a change

	mu     sync.Mutex    // for what follows
	stacks []setup.Stack // as they were last looked at, newest first
}

var _ setup.Port = (*Files)(nil)

// New makes the Port. It touches no file.
func New(o Options) *Files { return &Files{Options: o, disk: realDisk{}} }

// Observe reads the files that the view's stacks name.
func (f *Files) Observe(ctx context.Context, v setup.View) (setup.World, error) {
	var w setup.World
	for _, s := range v.Stacks {
		if err := ctx.Err(); err != nil {
			return setup.World{}, err
		}
		f.remember(s)
		w.Add(f.observe(ctx, s, v.Private))
	}
	return w, nil
}

func (f *Files) observe(ctx context.Context, s setup.Stack, private bool) setup.World {
	var w setup.World
	m, err := load(ctx, s, nil)
	if s.ComposeFile != "" {
		f.observePort(&w, s, m, err)
	}
	if s.EnvFile != "" {
		f.observeEnv(&w, s, m, err)
	}
	if s.ConnectorFile != "" {
		f.observeConnector(&w, s)
	}
	if private && s.ComposeFile != "" && s.PrivateNetwork != "" {
		f.observeNetwork(&w, s, m, err)
	}
	if private && s.FrontDir != "" {
		f.observeFront(&w, s)
	}
	return w
}

// remember keeps a stack: a call names a file only, and what an edit means is
// decided by the project that the file belongs to.
func (f *Files) remember(s setup.Stack) {
	f.mu.Lock()
	defer f.mu.Unlock()
	same := func(o setup.Stack) bool {
		return o.Project == s.Project && o.Service == s.Service && o.EnvFile == s.EnvFile && o.ComposeFile == s.ComposeFile &&
			o.PrivateNetwork == s.PrivateNetwork // earlier answers may have had none, or another
	}
	f.stacks = append([]setup.Stack{s}, slices.DeleteFunc(f.stacks, same)...)
}

func (f *Files) known() []setup.Stack {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.stacks)
}

// stack gives the stack that a file belongs to. Nobody plans a change of a file
// that was not looked at, so one that is unknown is looked at first.
func (f *Files) stack(path string, of func(setup.Stack) bool) (setup.Stack, error) {
	for _, s := range f.known() {
		if of(s) {
			return s, nil
		}
	}
	return setup.Stack{}, &setup.Problem{Code: setup.CodeUnavailable,
		Message: fmt.Sprintf("Culvert has not yet looked at the app that %s belongs to. Look again, then retry.", path)}
}

// load asks what a project means, with content in place of what is on disk.
func load(ctx context.Context, s setup.Stack, content map[string][]byte) (*stackfile.Meaning, error) {
	return stackfile.Load(ctx, stackfile.LoadOptions{
		ProjectName: s.Project, WorkingDir: s.Dir, Files: s.Files, EnvFiles: s.EnvFiles, Content: content,
	})
}

// opened is a file that was read to be changed.
type opened interface {
	// state is what an entry is about, as it stands; nil if it is absent.
	state(setup.Entry) setup.State
	// draft works out and checks the changes, and writes nothing.
	draft(context.Context, []setup.Entry) (draft, error)
}

func (f *Files) open(ctx context.Context, e setup.Entry) (opened, error) {
	switch e.Key.Kind {
	case setup.KindEnvVar:
		return f.openEnv(ctx, e.Key.Scope)
	case setup.KindComposePort:
		return f.openPort(ctx, e)
	case setup.KindConnectorFile:
		return f.openConnector(e.Key.Scope)
	case setup.KindComposeNetwork:
		return f.openNetwork(ctx, e)
	case setup.KindFrontConfig:
		return openFront(e.Key.Scope)
	}
	return nil, fmt.Errorf("a %s is not kept in a file", e.Key.Kind)
}
