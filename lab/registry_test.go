package lab_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/culvert/culvert/lab"
)

// registry is one that has one image under one tag, over plain http as engines
// allow it on loopback.
type registry struct {
	at string // host:port

	mu    sync.Mutex
	tag   string            // the digest under the tag
	blobs map[string][]byte // by digest
}

const manifestType = "application/vnd.docker.distribution.manifest.v2+json"

func newRegistry(t *testing.T, l *lab.Lab) *registry {
	t.Helper()
	listener, err := l.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &registry{at: listener.Addr().String(), blobs: map[string][]byte{}}
	server := httptest.NewUnstartedServer(r)
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return r
}

func (r *registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	digest := req.URL.Path[strings.LastIndex(req.URL.Path, "/")+1:]
	manifest := strings.Contains(req.URL.Path, "/manifests/")
	if manifest && !strings.HasPrefix(digest, "sha256:") {
		digest = r.tag
	}
	blob, found := r.blobs[digest]
	switch {
	case req.URL.Path == "/v2/":
		return
	case !found:
		http.NotFound(w, req)
		return
	case manifest:
		w.Header().Set("Content-Type", manifestType)
	}
	w.Header().Set("Docker-Content-Digest", digest)
	http.ServeContent(w, req, "", time.Time{}, bytes.NewReader(blob))
}

// push puts an image with one file under the tag.
func (r *registry) push(t *testing.T, content string) {
	t.Helper()
	var layer bytes.Buffer
	files := tar.NewWriter(&layer)
	if err := files.WriteHeader(&tar.Header{Name: "said", Mode: 0o644, Size: int64(len(content)), Typeflag: tar.TypeReg}); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(files, content)
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	diff := r.keep(layer.Bytes())
	config := r.keep(asJSON(t, map[string]any{"architecture": "amd64", "os": "linux", "config": map[string]any{"Labels": map[string]string{"said": content}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{diff}}}))
	r.tag = r.keep(asJSON(t, map[string]any{"schemaVersion": 2, "mediaType": manifestType,
		"config": map[string]any{"mediaType": "application/vnd.docker.container.image.v1+json", "digest": config, "size": len(r.blobs[config])},
		"layers": []any{map[string]any{"mediaType": "application/vnd.docker.image.rootfs.diff.tar", "digest": diff, "size": layer.Len()}}}))
}

func (r *registry) keep(blob []byte) string {
	digest := fmt.Sprintf("sha256:%x", sha256.Sum256(blob))
	r.blobs[digest] = blob
	return digest
}

func asJSON(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAnImageHeldByItsDigestStaysTheSameWhenItsTagMoves(t *testing.T) {
	l := lab.Start(t)
	r := newRegistry(t, l)
	image := r.at + "/dnsmasq:1"
	r.push(t, "honest")
	host := newHost(t, l, 30*time.Second)
	digest, err := host.Digest(t.Context(), image)
	if err != nil {
		t.Fatal(err)
	}
	r.push(t, "another")
	held := image + "@" + digest
	if _, err := l.Run(t.Context(), "docker", "pull", held); err != nil {
		t.Fatal(err)
	}
	said, err := l.Run(t.Context(), "docker", "image", "inspect", "--format", "{{.Config.Labels.said}}", held)
	if err != nil || strings.TrimSpace(said) != "honest" {
		t.Errorf("pulled %q, %v", said, err)
	}
	if _, err := host.Digest(t.Context(), r.at+"/dnsmasq@sha256:"+strings.Repeat("0", 64)); err == nil {
		t.Error("an image that the registry does not have has a digest")
	}
}
