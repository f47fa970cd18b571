package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/culvert/culvert/internal/need"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

// failing is a disk on which one operation fails for one file.
type failing struct {
	disk
	op, name string
}

var errBroken = errors.New("broken by the test")

func (d failing) hits(op, path string) bool {
	return d.op == op && strings.Contains(filepath.Base(path), d.name)
}

func (d failing) CreateTemp(dir, pattern string) (tempFile, error) {
	if d.hits("create", pattern) {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: syscall.EROFS}
	}
	f, err := d.disk.CreateTemp(dir, pattern)
	if err != nil {
		return nil, err
	}
	return failingFile{f, d, pattern}, nil
}

func (d failing) Rename(from, to string) error {
	if d.hits("rename", to) {
		return errBroken
	}
	return d.disk.Rename(from, to)
}

type failingFile struct {
	tempFile
	disk failing
	name string
}

func (f failingFile) Write(b []byte) (int, error) {
	if f.disk.hits("write", f.name) {
		n, _ := f.tempFile.Write(b[:len(b)/2])
		return n, syscall.ENOSPC
	}
	return f.tempFile.Write(b)
}

func (f failingFile) Sync() error {
	if f.disk.hits("sync", f.name) {
		return syscall.EIO
	}
	return f.tempFile.Sync()
}

func (f failingFile) Chmod(m fs.FileMode) error {
	if f.disk.hits("chmod", f.name) {
		return errBroken
	}
	return f.tempFile.Chmod(m)
}

func TestAWriteThatFailsHalfWayLeavesTheOldFile(t *testing.T) {
	for _, row := range []struct {
		op    string
		code  setup.Code
		words string
	}{
		{"create", setup.CodeDenied, "read-only file system"},
		{"write", setup.CodeUnavailable, "no space left on the disk"},
		{"chmod", setup.CodeInternal, "stays as it was"},
		{"sync", setup.CodeInternal, "stays as it was"},
		{"rename", setup.CodeInternal, "stays as it was"},
	} {
		t.Run(row.op, func(t *testing.T) {
			w := ocs(t)
			env, compose := w.get(".env.prod"), w.get(composeYML)
			w.files.disk = failing{realDisk{}, row.op, ".env.prod"}
			w.refused(w.env(allowed, host), row.code, row.words)
			w.unchanged(".env.prod", env)
			w.files.disk = failing{realDisk{}, row.op, composeYML}
			w.refused(w.port(setup.ExposedNone), row.code, row.words)
			w.unchanged(composeYML, compose)
		})
	}
}

func TestWithoutABackupNothingIsChanged(t *testing.T) {
	for op, words := range map[string]string{"write": "no space left for a backup", "rename": "No backup of"} {
		w := ocs(t)
		original := w.get(".env.prod")
		w.files.disk = failing{realDisk{}, op, ".age"}
		if p := w.do(w.env(allowed, host))[0].Err; p == nil || !strings.Contains(p.Message, words) {
			t.Errorf("%s: %+v", op, p)
		}
		w.unchanged(".env.prod", original)
		w.noLeftovers(w.files.backupDir(w.path(".env.prod")))
	}
}

// meddling is a disk on which somebody else writes between our reading and our
// rename.
type meddling struct {
	disk
	write func()
}

func (d meddling) CreateTemp(dir, pattern string) (tempFile, error) {
	d.write()
	return d.disk.CreateTemp(dir, pattern)
}

func TestAFileThatChangesWhileWeWriteIsLeftAlone(t *testing.T) {
	w := ocs(t)
	e := w.env(allowed, host)
	now := w.get(".env.prod") + "NEW=1\n"
	w.files.disk = meddling{realDisk{}, func() { w.put(".env.prod", now, 0o644) }}
	w.refused(e, setup.CodeChanged, "look again")
	w.unchanged(".env.prod", now)
}

func TestACallIsAboutOneFile(t *testing.T) {
	w := ocs(t)
	hosts, port := w.env(allowed, host), w.port(setup.ExposedNone)
	tunnel := setup.Entry{Key: setup.Key{Kind: setup.KindTunnel, Scope: "account", Name: "ocs"}}
	for name, entries := range map[string][]setup.Entry{"two files": {hosts, port}, "one port twice": {port, port}} {
		if out, err := w.files.Do(t.Context(), setup.Call{Entries: entries}); err == nil {
			t.Errorf("%s: %+v", name, out)
		}
	}
	if p := w.do(tunnel)[0].Err; p == nil || p.Code != setup.CodeInternal {
		t.Errorf("a tunnel: %+v", p)
	}
	if out := w.do(); out != nil {
		t.Errorf("nothing: %+v", out)
	}
}

func TestAPreviewOfWhatChangedSinceSaysSo(t *testing.T) {
	w := ocs(t)
	e := w.env(allowed, host)
	w.must(e)
	if diff, err := w.files.Preview(t.Context(), e); setup.AsProblem(err).Code != setup.CodeChanged || diff != "" {
		t.Errorf("got %q, %v", diff, err)
	}
}

func TestLookingGoesOnWhileATokenIsFetched(t *testing.T) {
	w := ocs(t)
	e := w.connector(tunnelA)
	fetch := w.files.Token
	w.files.Token = func(ctx context.Context, id string) (secret.Text, error) {
		w.observe() // would wait for ever
		if _, err := w.files.Preview(ctx, w.port(setup.ExposedNone)); err != nil {
			t.Error(err)
		}
		return fetch(ctx, id)
	}
	w.must(e)
}

func TestChangesFromManySidesAllArrive(t *testing.T) {
	w := ocs(t)
	entries := []setup.Entry{w.env(allowed, host), w.env(trusted, "https://"+host), w.port(setup.ExposedNone), w.connector(tunnelA)}
	var g errgroup.Group
	for _, e := range entries {
		g.Go(func() error {
			out, err := w.files.Do(t.Context(), setup.Call{Entries: []setup.Entry{e}})
			if err == nil && out[0].Err != nil {
				err = out[0].Err
			}
			return err
		})
		g.Go(func() error {
			_, err := w.files.Observe(t.Context(), setup.View{Stacks: []setup.Stack{w.stack}})
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !setup.Met(e.To, w.object(e.Key.Kind, idOf(e)).State) {
			t.Errorf("%s did not arrive", e.Key)
		}
	}
}

func TestWhatAKilledProcessLeftIsSweptUp(t *testing.T) {
	w := ocs(t)
	w.put("..env.prod.culvert-123", "SECRET=half", 0o600)
	w.must(w.env(allowed, host))
	w.noLeftovers(w.dir)
}

func TestALinkStaysALink(t *testing.T) {
	w := ocs(t)
	elsewhere := t.TempDir()
	for _, name := range []string{".env.prod", composeYML} {
		if err := os.Rename(w.path(name), filepath.Join(elsewhere, name)); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join(elsewhere, name), w.path(name)); err != nil {
			t.Fatal(err)
		}
	}
	w.must(w.env(allowed, host))
	w.must(w.port(setup.ExposedLoopback))
	for _, name := range []string{".env.prod", composeYML} {
		if stat(t, w.path(name)).Mode()&fs.ModeSymlink == 0 {
			t.Errorf("%s is no longer a link", name)
		}
		if stat(t, filepath.Join(elsewhere, name)).Mode()&fs.ModeSymlink != 0 {
			t.Errorf("what %s leads to became a link", name)
		}
	}
	if !strings.Contains(w.get(".env.prod"), allowed+"="+host) {
		t.Error("the file behind the link was not changed")
	}
}

func TestALinkToNowhereIsUnreadAndNotFilled(t *testing.T) {
	w := project(t, composeYML, "services: {web: {image: a, env_file: [{path: .env.prod, required: false}]}}\n")
	if err := os.Symlink("gone.env", w.path(".env.prod")); err != nil {
		t.Fatal(err)
	}
	p := w.observe().Unread[setup.ReadScope{Kind: setup.KindEnvVar, Scope: w.stack.EnvFile}]
	if !strings.Contains(p.Message, "gone.env, which does not exist") {
		t.Errorf("got %+v", p)
	}
}

func TestAFileWithTwoNamesIsRefused(t *testing.T) {
	w := ocs(t)
	if err := os.Link(w.path(".env.prod"), w.path("second-name")); err != nil {
		t.Fatal(err)
	}
	w.refused(w.env(allowed, host), setup.CodeRefused, "2 names")
}

func TestAFolderInPlaceOfAFileIsUnread(t *testing.T) {
	w := ocs(t)
	if err := errors.Join(os.Remove(w.path(".env.prod")), os.Mkdir(w.path(".env.prod"), 0o755)); err != nil {
		t.Fatal(err)
	}
	p := w.observe().Unread[setup.ReadScope{Kind: setup.KindEnvVar, Scope: w.stack.EnvFile}]
	if !strings.Contains(p.Message, "not a regular file") {
		t.Errorf("got %+v", p)
	}
}

func TestModesStay(t *testing.T) {
	for _, mode := range []fs.FileMode{0o600, 0o640, 0o664, 0o755} {
		w := ocs(t)
		for _, name := range []string{".env.prod", composeYML} {
			if err := os.Chmod(w.path(name), mode); err != nil {
				t.Fatal(err)
			}
		}
		w.must(w.env(allowed, host))
		w.must(w.port(setup.ExposedLoopback))
		for _, name := range []string{".env.prod", composeYML} {
			if got := stat(t, w.path(name)).Mode(); got != mode {
				t.Errorf("%s had mode %v and has %v", name, mode, got)
			}
		}
	}
}

func root() error {
	if os.Geteuid() != 0 {
		return errors.New("this test gives files to other users")
	}
	return nil
}

func TestOwnersStay(t *testing.T) {
	need.Need(t, "root", root())
	w := ocs(t)
	if err := errors.Join(os.Chown(w.path(".env.prod"), 12345, 23456), os.Chmod(w.path(".env.prod"), 0o640)); err != nil {
		t.Fatal(err)
	}
	w.must(w.env(allowed, host))
	info := stat(t, w.path(".env.prod"))
	if who, _ := ownerOf(info); who != (owner{12345, 23456}) || info.Mode() != 0o640 {
		t.Errorf("belongs to %v, mode %v", who, info.Mode())
	}
}

func TestANewFileBelongsToWhoOwnsTheFolder(t *testing.T) {
	need.Need(t, "root", root())
	w := ocs(t)
	if err := os.Chown(w.dir, 12345, 23456); err != nil {
		t.Fatal(err)
	}
	w.must(w.connector(tunnelA))
	if who, _ := ownerOf(stat(t, w.stack.ConnectorFile)); who != (owner{12345, 23456}) {
		t.Errorf("belongs to %v", who)
	}
	if who, _ := ownerOf(stat(t, w.tokenPath())); who.uid != os.Geteuid() {
		t.Errorf("the token belongs to %v", who)
	}
}

const nobody = 65534

// asNobody runs the test in a process that is not root, to which the kernel
// says no. It reports whether this is that process.
func asNobody(t *testing.T) bool {
	t.Helper()
	if os.Geteuid() != 0 {
		return true
	}
	c := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	c.Env = append(os.Environ(), "TMPDIR="+os.TempDir())
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := c.CombinedOutput()
	if errors.Is(err, fs.ErrPermission) {
		need.Need(t, "nobody", fmt.Errorf("the test's own program may not be started by another user: %w", err))
	}
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("as another user: %v\n%s", err, out)
	}
	return false
}

const small = "services: {web: {image: a, env_file: .env.prod, ports: ['8000:8000']}}\n"

func TestAFolderThatMayNotBeWrittenIsADeniedChange(t *testing.T) {
	if !asNobody(t) {
		return
	}
	w := project(t, composeYML, small, ".env.prod", "A=1\n")
	if err := os.Chmod(w.dir, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(w.dir, 0o755) })
	w.refused(w.env(allowed, host), setup.CodeDenied, "may not write in "+w.dir)
	w.refused(w.port(setup.ExposedLoopback), setup.CodeDenied, "may not write in "+w.dir)
	w.unchanged(".env.prod", "A=1\n")
	w.unchanged(composeYML, small)
	_, warnings, err := w.files.Locate(t.Context(), w.stack, nil, nil)
	if err != nil || !strings.Contains(strings.Join(warnings, "\n"), "may not write in "+w.dir) {
		t.Errorf("Locate says %q, %v", warnings, err)
	}
}

func TestAFileThatMayNotBeReadIsUnread(t *testing.T) {
	if !asNobody(t) {
		return
	}
	w := project(t, composeYML, small, ".env.prod", "A=1\n")
	if err := os.Chmod(w.path(".env.prod"), 0); err != nil {
		t.Fatal(err)
	}
	seen := w.observe()
	for _, at := range []setup.ReadScope{{Kind: setup.KindEnvVar, Scope: w.stack.EnvFile}, {Kind: setup.KindComposePort, Scope: w.stack.ComposeFile}} {
		if p := seen.Unread[at]; p.Code != setup.CodeDenied || !strings.Contains(p.Message, "may not read "+w.stack.EnvFile) {
			t.Errorf("%v: %+v", at, p)
		}
	}
	if _, _, err := w.files.Locate(t.Context(), w.stack, nil, nil); setup.AsProblem(err).Code != setup.CodeDenied {
		t.Errorf("Locate says %v", err)
	}
}

func TestAnOwnerThatCannotBeKeptIsARefusal(t *testing.T) {
	if os.Geteuid() != 0 && os.Getenv("FOREIGN") == "" {
		need.Need(t, "root", root())
	}
	if dir := os.Getenv("FOREIGN"); dir != "" {
		w := project(t, composeYML, small, ".env.prod", "A=1\n")
		w.dir = dir
		w.stack.Dir, w.stack.Files = dir, []string{w.path(composeYML)}
		w.stack.ComposeFile, w.stack.EnvFile = w.path(composeYML), w.path(".env.prod")
		w.refused(w.env(allowed, host), setup.CodeRefused, "belongs to user 12345 and group 23456")
		w.unchanged(".env.prod", "A=1\n")
		return
	}
	dir, err := os.MkdirTemp("", "foreign")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	env := filepath.Join(dir, ".env.prod")
	err = errors.Join(os.WriteFile(filepath.Join(dir, composeYML), []byte(small), 0o644), os.WriteFile(env, []byte("A=1\n"), 0o644),
		os.Chown(env, 12345, 23456), os.Chown(dir, nobody, nobody))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("FOREIGN", dir)
	asNobody(t)
}
