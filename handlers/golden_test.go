package handlers_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
)

var update = flag.Bool("update", false, "write the golden files")

// The text of some pages as a person reads it from top to bottom, one line for
// each piece: what is said, in which order, and what can be pressed.
func TestPagesReadAsTheirGoldenFilesSay(t *testing.T) {
	for _, s := range shots() {
		if !slices.Contains([]string{"answers", "build", "way-in", "way-in-fallback", "way-in-profiles", "status-silent", "webhooks", "webhooks-open", "undo", "break"}, s.name) {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			a := s.open(t).get(s.path).status(200)
			got := reading(a.doc.Find("main").Get(0))
			path := filepath.Join("testdata", s.name+".golden")
			if *update {
				if err := os.MkdirAll("testdata", 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("the page reads differently (-want +got):\n%s", diff)
			}
		})
	}
}

var blocks = regexp.MustCompile(`^(main|h1|h2|h3|p|li|dt|dd|legend|summary|label|button|input|textarea|form|a)$`)

// reading gives the text of a page with the tags that carry meaning.
func reading(n *html.Node) string {
	var b strings.Builder
	var walk func(n *html.Node, depth int)
	walk = func(n *html.Node, depth int) {
		if text := words(n.Data); n.Type == html.TextNode && text != "" {
			b.WriteString(strings.Repeat("  ", depth) + text + "\n")
		}
		inner := depth
		if n.Type == html.ElementNode && blocks.MatchString(n.Data) {
			b.WriteString(strings.Repeat("  ", depth) + "<" + n.Data + telling(n) + ">\n")
			inner++
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, inner)
		}
	}
	walk(n, 0)
	return b.String()
}

func telling(n *html.Node) string {
	var b strings.Builder
	for _, a := range n.Attr {
		switch a.Key {
		case "href", "action", "name", "type", "value", "checked", "method":
			b.WriteString(" " + a.Key + "=" + a.Val)
		}
	}
	return b.String()
}
