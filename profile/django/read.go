package django

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/culvert/culvert/profile"
)

//go:embed routes.py
var script string

// patience is how long the app may take to load. The script ends itself after
// it, whatever becomes of the caller.
const patience = 30 * time.Second

// Beside runs a command beside the app, in its container and with its
// environment, and gives what it printed.
type Beside func(ctx context.Context, command []string) ([]byte, error)

// Read asks a running app for its addresses, and for each of the paths whether
// it serves it.
func Read(ctx context.Context, run Beside, settings string, paths []string) (profile.Served, error) {
	asked, err := json.Marshal(append([]string{}, paths...)) // none is an empty list
	if err != nil {
		return profile.Served{}, fmt.Errorf("writing the paths to ask for: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience+5*time.Second)
	defer cancel()
	seconds := strconv.Itoa(int(patience.Seconds()))
	out, err := run(ctx, []string{"python3", "-B", "-c", script, seconds, settings, string(asked)})
	if err != nil {
		return profile.Served{}, fmt.Errorf("asking the app for its addresses: %w", err)
	}
	return parse(string(out))
}

// printed is a route as the script prints it.
type printed struct {
	Path    string
	Regex   []string
	View    string
	Exempt  bool
	Methods []string
}

// parse reads the script's line; what the app prints while it loads stands
// before it.
func parse(out string) (profile.Served, error) {
	_, line, found := strings.Cut("\n"+out, "\nroutes:")
	if !found {
		return profile.Served{}, fmt.Errorf("the app did not say its addresses")
	}
	var said struct {
		Routes []printed
		Serves map[string]bool
	}
	if err := json.NewDecoder(strings.NewReader(line)).Decode(&said); err != nil {
		return profile.Served{}, fmt.Errorf("reading the app's addresses: %w", err)
	}
	s := profile.Served{Serves: said.Serves}
	for _, r := range said.Routes {
		s.Routes = append(s.Routes, profile.Route{
			Path: r.Path, Sample: sample(r.Regex), View: r.View, Exempt: r.Exempt, Methods: r.Methods,
		})
	}
	return s, nil
}
