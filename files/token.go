package files

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/stackfile"
)

// tokenKey is the name under which cloudflared takes its token from the
// environment.
const tokenKey = "TUNNEL_TOKEN"

// tokenPath is the env file with the token of a connector's project.
func (f *Files) tokenPath(project string) string { return filepath.Join(f.TokenDir, project+".env") }

// tokenTarget is that file as it stands.
func (f *Files) tokenTarget(project string) (target, error) {
	path := f.tokenPath(project)
	if _, err := os.Stat(f.TokenDir); errors.Is(err, fs.ErrNotExist) {
		return target{path: path, real: path}, nil
	}
	return read(path)
}

// tunnelIn is the tunnel whose token the connector's env file holds. A file
// that is not there, or is not the one that we would write, has none.
func (f *Files) tunnelIn(spec stackfile.ConnectorSpec) (setup.ID, error) {
	if spec.EnvFile != f.tokenPath(spec.ProjectName) {
		return setup.ID{}, nil
	}
	file, err := f.tokenTarget(spec.ProjectName)
	if err != nil {
		return setup.ID{}, err
	}
	env, err := stackfile.ParseEnv(file.src)
	if err != nil {
		return setup.ID{}, nil
	}
	token, _, _ := env.Get(tokenKey)
	if id := setup.TunnelOfToken(token); id != "" {
		return setup.Lit(id), nil
	}
	return setup.ID{}, nil
}

// tokenFile is the content of the env file for a tunnel's token.
func (f *Files) tokenFile(ctx context.Context, tunnelID string) ([]byte, error) {
	token, err := f.Token(ctx, tunnelID)
	if err != nil {
		return nil, setup.AsProblem(err)
	}
	if setup.TunnelOfToken(token.Reveal()) != tunnelID {
		return nil, &setup.Problem{Code: setup.CodeInvalid,
			Message: "Cloudflare gave a token that does not belong to the tunnel " + tunnelID + ", so it was not written. Try again."}
	}
	env, err := stackfile.ParseEnv(nil)
	if err != nil {
		return nil, err
	}
	edit, err := env.Set(tokenKey, token.Reveal())
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(f.TokenDir, 0o700); err != nil {
		return nil, unwritable(f.TokenDir, err)
	}
	return edit.After, nil
}

// tokenDiff shows that the token is written, and not the token.
func tokenDiff(file target) string {
	lines := linesDiff(nil, []byte(tokenKey+"="+dots+"\n"))
	if file.exists {
		lines = "- " + tokenKey + "=" + dots + "\n" + lines
	}
	return lines
}
