package dockerx

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"

	"github.com/culvert/culvert/dockerx/found"
)

// logEngine answers as a Docker engine does that runs one container after the
// other, for as long as it is read from.
type logEngine struct {
	mu     sync.Mutex
	name   string
	writes []string
	tty    bool
	hold   bool // the container goes on
	asked  []string
	ended  chan struct{} // a reader went away
}

func (e *logEngine) is(name string, hold bool, writes ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.name, e.hold, e.writes = name, hold, writes
}

func (e *logEngine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	name, writes, hold, tty := e.name, e.writes, e.hold, e.tty
	e.mu.Unlock()
	answer := func(v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	switch path := r.URL.Path; {
	case strings.HasSuffix(path, "/_ping"):
		w.Header().Set("Api-Version", "1.44")
	case strings.HasSuffix(path, "/containers/json"):
		answer([]container.Summary{{ID: "id-" + name}})
	case strings.HasSuffix(path, "/logs"):
		e.mu.Lock()
		e.asked = append(e.asked, r.URL.Query().Get("tail")+" "+r.URL.Query().Get("since"))
		e.mu.Unlock()
		e.log(w, r, writes, hold, tty)
	default:
		b := runningBox(name, []string{"PASSWORD=correct horse"}, nil)
		b.Config.Tty = tty
		answer(b.InspectResponse)
	}
}

func (e *logEngine) log(w http.ResponseWriter, r *http.Request, writes []string, hold, tty bool) {
	for i, text := range writes {
		line := fmt.Sprintf("2026-11-26T01:47:%02d.5Z %s\n", i, text)
		if !tty {
			line = frame(stdcopy.Stderr, line)
		}
		_, _ = io.WriteString(w, line)
	}
	w.(http.Flusher).Flush()
	if hold {
		<-r.Context().Done()
		e.ended <- struct{}{}
	}
}

// frame is how the engine sends what a container without a terminal writes.
func frame(stream stdcopy.StdType, text string) string {
	return string(binary.BigEndian.AppendUint32([]byte{byte(stream), 0, 0, 0}, uint32(len(text)))) + text
}

// follow reads the containers of an engine.
func follow(t *testing.T, e *logEngine) (<-chan found.Line, context.CancelFunc) {
	t.Helper()
	e.ended = make(chan struct{}, 8)
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	h, err := New(Options{Host: "tcp://" + server.Listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	lines, err := h.Follow(ctx, "app", "web", 20)
	if err != nil {
		t.Fatal(err)
	}
	return lines, cancel
}

func TestALogIsToldLineByLineWithoutSecrets(t *testing.T) {
	for name, tty := range map[string]bool{"of a container": false, "of one with a terminal": true} {
		t.Run(name, func(t *testing.T) {
			e := &logEngine{tty: tty}
			e.is("web-1", true, "started", "password: correct horse", strings.Repeat("x", 3*longestLine), "Ende: \xff")
			lines, _ := follow(t, e)
			want := []string{"started", "password: " + masked, strings.Repeat("x", longestLine-len("2026-11-26T01:47:02.5Z ")), "Ende: \uFFFD"}
			for i, text := range want {
				got := <-lines
				if got.Text != text || got.Container != "web-1" || got.At != time.Date(2026, 11, 26, 1, 47, i, 5e8, time.UTC) {
					t.Errorf("line %d is %+v", i, got)
				}
			}
			if e.asked[0] != "20 " {
				t.Errorf("it asked for %q", e.asked[0])
			}
		})
	}
}

func TestALogIsNoLongerReadWhenNobodyLooks(t *testing.T) {
	e := &logEngine{}
	e.is("web-1", true, "started", "and nobody takes this")
	lines, stop := follow(t, e)
	<-lines
	stop()
	<-e.ended
	for range lines {
	}
}

// A line that was told is not told again, and those of the container that came
// in its place are.
func TestALogGoesOnWithTheNextContainer(t *testing.T) {
	e := &logEngine{}
	e.is("web-1", false, "the last words")
	lines, _ := follow(t, e)
	if got := <-lines; got.Text != "the last words" {
		t.Errorf("first %+v", got)
	}
	e.is("web-2", true, "I am new")
	for got := range lines {
		if got.Container == "web-2" {
			break
		}
		t.Errorf("again %+v", got)
	}
	if last := e.asked[len(e.asked)-1]; last != "20 " {
		t.Errorf("of the next one it asked for %q", last)
	}
}

func TestALogThatIsReadAgainBeginsAfterTheLastLine(t *testing.T) {
	e := &logEngine{}
	e.is("web-1", false, "once")
	lines, stop := follow(t, e)
	<-lines
	<-lines // the engine of this test forgets what it said
	stop()
	for range lines {
	}
	if second := e.asked[1]; second != " 1795657620.500000001" {
		t.Errorf("then it asked for %q", second)
	}
}
