package files

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/stackfile"
)

// labelMark is the label by which the connector's file, and the container made
// from it, are known as ours.
const labelMark = "sh.culvert.mark"

// byHand follows the image in what is told of a file that says what is wanted
// and is not what Culvert writes: somebody changed it, or another version did.
const byHand = " (other lines differ from what Culvert writes)"

// connectorFile is the connector's compose file, which may not exist yet.
type connectorFile struct {
	files   *Files
	file    target
	mark    string
	now     *setup.ConnectorFile // nil: absent
	project string               // whose token lies beside it; empty: not known
}

// openConnector opens the file to change it. Its project is also known from
// what was looked at, in case that the file no longer tells.
func (f *Files) openConnector(path string) (opened, error) {
	c, err := f.connector(path)
	if err != nil {
		return nil, err
	}
	for _, s := range f.known() {
		if c.project == "" && s.ConnectorFile == path {
			c.project = s.ConnectorProject
		}
	}
	return c, nil
}

func (f *Files) connector(path string) (*connectorFile, error) {
	file, err := read(path)
	if err != nil {
		return nil, err
	}
	c := &connectorFile{files: f, file: file}
	if !file.exists {
		return c, nil
	}
	c.now = &setup.ConnectorFile{Path: path}
	header, _, _ := strings.Cut(string(stackfile.ConnectorFile(stackfile.ConnectorSpec{})), "\n")
	text, ours := string(file.src), strings.HasPrefix(string(file.src), header)
	if ours {
		c.mark, _ = setup.FindMark(headOf(text))
	} else {
		text = header + "\n" + text
	}
	spec, err := stackfile.ParseConnectorFile([]byte(text))
	if err != nil {
		return c, nil // a stranger's, or changed until it is not readable
	}
	c.now.Project, c.now.Image, c.now.Network = spec.ProjectName, spec.Image, spec.Network
	c.now.Networks, c.now.Protocol, c.now.Sidecars = spec.Networks, spec.Protocol, sidecarsOf(spec)
	if !ours {
		return c, nil
	}
	c.project = spec.ProjectName
	if mark := spec.Labels[labelMark]; mark != "" {
		c.mark = mark
	}
	if string(f.connectorText(*c.now, c.mark)) != text {
		c.now.Image += byHand
	}
	c.now.Tunnel, err = f.tunnelIn(spec)
	return c, err
}

// headOf is the comment with which a file begins.
func headOf(src string) string {
	var head strings.Builder
	for line := range strings.Lines(src) {
		if !strings.HasPrefix(line, "#") {
			break
		}
		head.WriteString(line)
	}
	return head.String()
}

func (f *Files) observeConnector(w *setup.World, s setup.Stack) {
	c, err := f.connector(s.ConnectorFile)
	switch {
	case err != nil:
		w.Miss(setup.KindConnectorFile, s.ConnectorFile, *asProblem(setup.CodeInvalid, s.ConnectorFile, err))
	case c.now != nil:
		w.Objects = append(w.Objects, setup.Object{Scope: s.ConnectorFile, ID: s.ConnectorFile, Mark: c.mark, State: *c.now})
	}
}

func (c *connectorFile) state(setup.Entry) setup.State {
	if c.now == nil {
		return nil
	}
	return *c.now
}

func (c *connectorFile) draft(_ context.Context, entries []setup.Entry) (draft, error) {
	e := entries[0]
	if c.file.exists && (c.mark == "" || c.mark != e.Mark) {
		return draft{}, refuse("%s was not written by this Culvert, so it is left alone. Move it away if nothing needs it.", c.file.path)
	}
	if e.To == nil {
		return c.removal()
	}
	to, ok := e.To.(setup.ConnectorFile)
	if !ok || to.Path != c.file.path || to.Project == "" || filepath.Base(to.Project) != to.Project || to.Tunnel.Lit == "" {
		return draft{}, refuse("The connector's file cannot be written as asked: its path, project or tunnel is missing.")
	}
	token, err := c.files.tokenTarget(to.Project)
	if err != nil {
		return draft{}, err
	}
	text := c.files.connectorText(to, e.Mark)
	d := draft{diff: titled(c.file, linesDiff(c.file.src, text))}
	if c.now == nil || c.now.Tunnel != to.Tunnel {
		d.diff += titled(token, tokenDiff(token))
	}
	d.steps = []step{
		{file: token, mode: 0o600, own: true, fill: func(ctx context.Context) ([]byte, error) { return c.files.tokenFile(ctx, to.Tunnel.Lit) }},
		{file: c.file, mode: 0o644, after: text},
	}
	return d, nil
}

// connectorText is the compose file for a connector and what runs beside it.
func (f *Files) connectorText(c setup.ConnectorFile, mark string) []byte {
	token := f.tokenPath(c.Project)
	labels := map[string]string{labelMark: mark}
	return stackfile.ConnectorFile(stackfile.ConnectorSpec{
		ProjectName: c.Project, Image: c.Image, Network: c.Network, EnvFile: token,
		Comment: "It connects the network " + c.Network + " with Cloudflare.\nThe token stands in " + token + ".\nMark: " + mark,
		Labels:  labels, Networks: c.Networks, Protocol: c.Protocol, Sidecars: sidecarTexts(c.Sidecars, labels),
	})
}

// removal takes the token away first: a process that ends in between leaves a
// file that is still known as ours, and no token that nobody knows of.
func (c *connectorFile) removal() (draft, error) {
	d := draft{diff: titled(c.file, linesDiff(c.file.src, nil))}
	if c.project != "" {
		token, err := c.files.tokenTarget(c.project)
		if err != nil {
			return draft{}, err
		}
		d.steps = append(d.steps, step{file: token, own: true, remove: true})
	}
	d.steps = append(d.steps, step{file: c.file, remove: true})
	return d, nil
}
