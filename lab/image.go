package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moby/moby/client"
)

// Names of the images that the stock compose files and Culvert use.
const (
	AppImage       = "open-chat-studio:latest"
	DatabaseImage  = "pgvector/pgvector:pg16"
	CacheImage     = "redis:7"
	ConnectorImage = "cloudflare/cloudflared:2026.8.2"
)

// Image is what an image is made of: one static binary, other names for it,
// and more files.
type Image struct {
	Name    string
	Binary  string            // path on this machine
	Path    string            // path in the image
	Links   []string          // other names of the binary, as paths in the image
	Dirs    []string          // further folders, parents first, with a slash at the end
	Files   map[string][]byte // by path in the image
	Changes []string          // ENV, ENTRYPOINT, CMD as in a Dockerfile
}

// Import makes an image. One of the same name is replaced.
func (l *Lab) Import(ctx context.Context, im Image) error {
	var layer bytes.Buffer
	if err := im.write(&layer); err != nil {
		return fmt.Errorf("packing the image %s: %w", im.Name, err)
	}
	return l.importLayer(ctx, im.Name, &layer, im.Changes)
}

// importLayer makes an image of one layer, as tar packs it.
func (l *Lab) importLayer(ctx context.Context, name string, layer io.Reader, changes []string) error {
	done, err := l.api.ImageImport(ctx, client.ImageImportSource{Source: layer, SourceName: "-"}, name,
		client.ImageImportOptions{Changes: changes})
	if err != nil {
		return fmt.Errorf("importing the image %s: %w", name, err)
	}
	defer done.Close()
	said, err := io.ReadAll(done)
	if err == nil && bytes.Contains(said, []byte(`"error"`)) {
		err = errors.New(string(said))
	}
	if err != nil {
		return fmt.Errorf("importing the image %s: %w", name, err)
	}
	return nil
}

// ImportImage makes an image of one static binary that starts it.
func (l *Lab) ImportImage(ctx context.Context, name, binary string, entrypoint ...string) error {
	quoted := make([]string, len(entrypoint))
	for i, word := range entrypoint {
		quoted[i] = fmt.Sprintf("%q", word)
	}
	return l.Import(ctx, Image{Name: name, Binary: binary, Path: entrypoint[0],
		Changes: []string{"ENTRYPOINT [" + strings.Join(quoted, ",") + "]"}})
}

// ImportStandIns makes every image of the stock project, and the connector's.
// The connector looks for its edge at the address edge and trusts the authority
// ca (PEM); both may be empty where no edge is needed: it then keeps trying.
func (l *Lab) ImportStandIns(ctx context.Context, edge string, ca []byte) error {
	bin, err := l.buildStandIns(ctx)
	if err != nil {
		return err
	}
	app := Image{Binary: filepath.Join(bin, "ocs"), Path: "/bin/ocs", Changes: []string{"ENV PATH=/bin", "ENV DEBUG=0"}}
	for _, name := range []string{"sh", "gunicorn", "python", "python3", "celery", "postgres", "pg_isready", "redis-server", "redis-cli"} {
		app.Links = append(app.Links, "/bin/"+name)
	}
	for name, changes := range map[string][]string{
		AppImage:      nil,
		DatabaseImage: {`CMD ["postgres"]`, "ENV STANDIN_LISTEN=:5432"},
		CacheImage:    {"ENV STANDIN_LISTEN=:6379"},
	} {
		im := app
		im.Name, im.Changes = name, slices.Concat(app.Changes, changes)
		if err := l.Import(ctx, im); err != nil {
			return err
		}
	}
	return l.importConnector(ctx, filepath.Join(bin, "cloudflared"), edge, ca)
}

func (l *Lab) importConnector(ctx context.Context, binary, edge string, ca []byte) error {
	if edge == "" {
		edge = HostAddress + ":7844"
	}
	im := Image{Name: ConnectorImage, Binary: binary, Path: "/usr/local/bin/cloudflared",
		Changes: []string{`ENTRYPOINT ["/usr/local/bin/cloudflared"]`, `CMD ["version"]`,
			// Four times the same address: cloudflared then makes four connections.
			"ENV TUNNEL_EDGE=" + strings.Join([]string{edge, edge, edge, edge}, ","),
			// Where UDP is blocked it then takes http2 in seconds, not in minutes.
			"ENV TUNNEL_MAX_EDGE_ADDR_RETRIES=0"}}
	if len(ca) > 0 {
		im.Files = map[string][]byte{"/etc/edge-ca.pem": ca}
		im.Changes = append(im.Changes, "ENV TUNNEL_CACERT=/etc/edge-ca.pem")
	}
	return l.Import(ctx, im)
}

// buildStandIns builds the stand-ins into the lab's folder.
func (l *Lab) buildStandIns(ctx context.Context) (string, error) {
	root, err := moduleRoot(ctx)
	if err != nil {
		return "", err
	}
	bin := filepath.Join(l.dir, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return "", fmt.Errorf("building the stand-ins: %w", err)
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", bin+"/",
		"./internal/standin/cmd/ocs", "./internal/standin/cmd/cloudflared")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the stand-ins: %w: %s", err, out)
	}
	return bin, nil
}

// moduleRoot is the folder of the module that is being tested.
func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	mod := strings.TrimSpace(string(out))
	if err != nil || mod == "" || mod == os.DevNull {
		return "", fmt.Errorf("finding the module: %w", err)
	}
	return filepath.Dir(mod), nil
}
