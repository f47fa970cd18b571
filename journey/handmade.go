package journey

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/setup"
)

// GuideOverride is what the app's guide calls the compose file of its connector
// and its DNS server.
const GuideOverride = "docker-compose.cloudflare.yml"

// Handmade reads a compose file that was made by hand as the app's guide says,
// and lays what it says over a draft. Nothing is stored, and neither the file
// nor its variables change. What is wrong is told at the field of the file.
func (j *Journey) Handmade(ctx context.Context, id setup.SetupID, typed Draft, file string) (Draft, setup.Handmade, []setup.FieldError, error) {
	if strings.TrimSpace(file) == "" {
		return typed, setup.Handmade{}, wrongFile("Type the name of the file, such as " + GuideOverride + "."), nil
	}
	_, draft, err := j.load(ctx, id)
	if err != nil {
		return typed, setup.Handmade{}, nil, err
	}
	chosen, err := j.chosen(ctx, draft)
	if err != nil {
		return typed, setup.Handmade{}, nil, err
	}
	if file = strings.TrimSpace(file); !filepath.IsAbs(file) {
		file = filepath.Join(draft.Stack.Dir, file)
	}
	stack := draft.Stack
	stack.EnvFiles = chosen.startedWith(file, stack)
	h, is, err := j.Locator.Handmade(ctx, stack, file)
	switch {
	case err != nil:
		return typed, h, wrongFile(setup.AsProblem(err).Message), nil
	case !is:
		return typed, h, wrongFile(fmt.Sprintf("%s runs neither cloudflared nor dnsmasq. Name the file that does.", filepath.Base(file))), nil
	}
	if typed.Inside.Replaces = chosen.made(h.Services); h.Name != "" {
		typed.Mode, typed.Inside.Name = setup.ModeFallback, h.Name
	}
	return typed, h, nil, nil
}

func wrongFile(message string) []setup.FieldError {
	return []setup.FieldError{{Field: "private.handmade", Message: message}}
}

// startedWith are the env files with which a compose file is started: those with
// which its containers were, and the app's own if there are none.
func (c *Candidate) startedWith(file string, s setup.Stack) []string {
	if c != nil {
		for _, of := range c.Project.Services {
			if slices.Contains(of.Files, file) && len(of.EnvFiles) > 0 {
				return of.EnvFiles
			}
		}
	}
	if len(s.EnvFiles) == 0 && s.EnvFile != "" {
		return []string{s.EnvFile}
	}
	return s.EnvFiles
}

// made are those of some services that have containers beside the app.
func (c *Candidate) made(services []setup.Service) []setup.Service {
	if c == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(services), func(s setup.Service) bool {
		of, ok := c.Project.Find(s.Service)
		return c.Project.Name != s.Project || !ok || of.Containers == 0
	})
}

// ByHand are the services beside the app that do what a private way does.
func (c *Candidate) ByHand() []found.Service {
	if c == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(c.Project.Services), func(s found.Service) bool {
		return !strings.Contains(s.Image, "dnsmasq") && !strings.Contains(s.Image, "cloudflared")
	})
}
