package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"time"
)

// The vendored scripts are put there at build time. Without them the package
// still compiles, and the pages work with plain forms.
//
//go:embed static
var embedded embed.FS

// Assets are the files that pages load. Their addresses hold a hash of their
// content, so that browsers may keep them for ever.
type Assets struct {
	files map[string]asset
}

type asset struct {
	hash    string
	content []byte
}

// LoadAssets reads the embedded files.
func LoadAssets() Assets {
	a := Assets{files: map[string]asset{}}
	err := fs.WalkDir(embedded, "static", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := embedded.ReadFile(path)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		a.files[strings.TrimPrefix(path, "static/")] = asset{hex.EncodeToString(sum[:])[:12], content}
		return nil
	})
	if err != nil { // they are part of the program
		panic(fmt.Sprintf("web: embedded files: %v", err))
	}
	return a
}

// Path is the address of a file below the folder of the static files; empty if
// there is no such file.
func (a Assets) Path(name string) string {
	f, ok := a.files[name]
	if !ok {
		return ""
	}
	return f.hash + "/" + name
}

// Live says whether the scripts are there that keep an open page up to date.
func (a Assets) Live() bool {
	return a.Path("vendor/htmx.js") != "" && a.Path("vendor/sse.js") != ""
}

// ServeHTTP answers for hash/name. An outdated hash gets the file as it is now,
// and is not kept.
func (a Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	hash, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	f, ok := a.files[name]
	if !ok {
		http.Error(w, "There is no such file.", http.StatusNotFound)
		return
	}
	if hash == f.hash {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(f.content))
}
