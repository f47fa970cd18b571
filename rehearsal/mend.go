package rehearsal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	cloud "github.com/culvert/culvert/cloudflare/sim"
	"github.com/culvert/culvert/internal/takeback"
)

// brokenFile keeps what was broken on the server.
const brokenFile = "broken.json"

// document is the made-up server as one thing of which changes are taken back.
type document struct {
	Docker json.RawMessage   `json:"docker"`
	Files  map[string]string `json:"files"`
}

// editable are the project's files that a breakage touches.
func editable() []string {
	return []string{"docker-compose.prod.yml", "docker-compose.culvert.yml", ".env.prod"}
}

// editFile changes a file of the project; false: it is deleted.
func (w *World) editFile(name string, edit func(string) (string, bool)) error {
	path := filepath.Join(w.projectDir(), name)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return errNothingToBreak
	}
	if err != nil {
		return err
	}
	changed, keep := edit(string(text))
	if !keep {
		return os.Remove(path)
	}
	return os.WriteFile(path, []byte(changed), 0o600)
}

// server reads the document.
func (w *World) server() (document, []byte, error) {
	d := document{Files: map[string]string{}}
	var err error
	if d.Docker, err = w.Docker.Snapshot(); err != nil {
		return d, nil, err
	}
	for _, name := range editable() {
		text, err := os.ReadFile(filepath.Join(w.projectDir(), name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return d, nil, err
		}
		d.Files[name] = string(text)
	}
	text, err := json.Marshal(d)
	return d, text, err
}

func (w *World) breakHost(b hostBreakage) error {
	if _, broken := w.broken[b.ID]; broken {
		return fmt.Errorf("break %s: %w", b.ID, cloud.ErrBroken)
	}
	_, before, err := w.server()
	if err != nil {
		return err
	}
	if err := b.act(w); err != nil {
		return fmt.Errorf("break %s: %w", b.ID, err)
	}
	_, after, err := w.server()
	if err != nil {
		return err
	}
	edits, err := takeback.Between(before, after)
	if err == nil && len(edits) == 0 {
		err = fmt.Errorf("break %s: %w", b.ID, cloud.ErrBroken) // somebody else did the same
	}
	if err != nil {
		return err
	}
	w.broken[b.ID] = edits
	w.save(brokenFile, w.brokenText)
	return nil
}

func (w *World) brokenText() ([]byte, error) { return json.Marshal(w.broken) }

func (w *World) mendHost(id string) error {
	edits, broken := w.broken[id]
	if !broken {
		return fmt.Errorf("mend %s: %w", id, cloud.ErrNotBroken)
	}
	_, text, err := w.server()
	if err == nil {
		text, err = takeback.From(text, edits)
	}
	var next document
	if err == nil {
		err = json.Unmarshal(text, &next)
	}
	if err == nil {
		err = w.putBack(next)
	}
	if err != nil {
		return fmt.Errorf("mend %s: %w", id, err)
	}
	delete(w.broken, id)
	w.save(brokenFile, w.brokenText)
	return nil
}

// putBack makes the server as a document says. A connector that ran runs again.
func (w *World) putBack(d document) error {
	for _, name := range editable() {
		path := filepath.Join(w.projectDir(), name)
		var err error
		if text, there := d.Files[name]; there {
			err = os.WriteFile(path, []byte(text), 0o600)
		} else if err = os.Remove(path); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		if err != nil {
			return err
		}
	}
	return w.Docker.Restore(d.Docker)
}

// restoreBroken reads what was broken before the process was away.
func (w *World) restoreBroken(text []byte) error {
	if err := json.Unmarshal(text, &w.broken); err != nil {
		return err
	}
	for id := range w.broken {
		if !slices.ContainsFunc(hostBreakages(), func(b hostBreakage) bool { return b.ID == id }) {
			return fmt.Errorf("nothing is called %q", id)
		}
	}
	return nil
}
