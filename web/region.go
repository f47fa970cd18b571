package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/a-h/templ"
	"github.com/culvert/culvert/journey"
)

// Region is a part of a page that changes by itself. It holds no field to type
// in, so that nothing typed is lost when it does.
type Region struct {
	Name    string
	Version string // of its content: equal if nothing changed
	HTML    string
}

// regionNames lists what changes by itself on a page.
func (v View) regionNames() []string {
	switch v.At {
	case PageHistory, PageUndo:
		return []string{"rail"}
	case PageTeardown, PageRun:
		return []string{"rail", "progress"}
	}
	switch journey.Stage(v.At) {
	case journey.StageLook, journey.StageAnswers:
		return []string{"rail"}
	case journey.StageAccount:
		return []string{"rail", "token"}
	case journey.StageProve:
		return []string{"rail", "status", "proof", "onward"}
	case journey.StageDone:
		return []string{"rail", "headline", "progress", "plan", "proof"}
	}
	return []string{"rail", "status", "progress", "plan", "proof", "onward"}
}

// draw gives the component of a region.
func (v View) draw(name string) templ.Component {
	switch name {
	case "rail":
		return rail(v)
	case "status":
		return status(v)
	case "plan":
		return plan(v)
	case "progress":
		return progress(v)
	case "headline":
		return headlineBox(v.headline(), v.Now)
	case "token":
		return token(v)
	case "onward":
		return onward(v)
	}
	return proof(v)
}

// Regions renders what changes by itself on a page, as the page itself does.
func (v View) Regions(ctx context.Context) ([]Region, error) {
	return renderAll(ctx, v.regionNames(), v.draw)
}

func (v View) region(name string) templ.Component { return regionOf(name, v.draw(name)) }

func renderAll(ctx context.Context, names []string, draw func(string) templ.Component) ([]Region, error) {
	regions := make([]Region, len(names))
	for i, name := range names {
		r, err := renderRegion(ctx, name, draw(name))
		if err != nil {
			return nil, err
		}
		regions[i] = r
	}
	return regions, nil
}

func renderRegion(ctx context.Context, name string, c templ.Component) (Region, error) {
	var b bytes.Buffer
	if err := c.Render(ctx, &b); err != nil {
		return Region{}, fmt.Errorf("rendering %s: %w", name, err)
	}
	sum := sha256.Sum256(b.Bytes())
	return Region{name, hex.EncodeToString(sum[:])[:12], b.String()}, nil
}

// regionOf puts a region into the page, in the element that its events go to.
func regionOf(name string, c templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		r, err := renderRegion(ctx, name, c)
		if err != nil {
			return err
		}
		return regionBox(r).Render(ctx, w)
	})
}
