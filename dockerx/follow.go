package dockerx

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"

	"github.com/culvert/culvert/dockerx/found"
)

// longestLine is how much of a line is told, in bytes.
const longestLine = 4 << 10

// lookAgain is how long to wait before it is looked which containers there are
// now, after one of them ended or was replaced.
const lookAgain = 2 * time.Second

// Follow tells what the containers of a service write, the last lines first,
// until the context or the Host ends; then the channel is closed. It goes on
// with a container that takes the place of another. Values of their environment
// are masked. Nothing is read ahead: whoever does not take lines holds them up.
// The error is for containers that cannot be looked at to begin with.
func (h *Host) Follow(ctx context.Context, project, service string, tail int) (<-chan found.Line, error) {
	all, err := h.boxes(ctx, project, service)
	if err != nil {
		return nil, h.problem(ctx, "looking for the containers of "+service, err)
	}
	if len(all) == 0 {
		return nil, notRunning(project, service, nil)
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(h.closed, cancel)
	f := follower{Host: h, out: make(chan found.Line), tail: tail, since: map[string]time.Time{}}
	h.watching.Go(func() {
		defer close(f.out)
		defer cancel()
		defer stop()
		for ctx.Err() == nil {
			f.round(ctx, all)
			if !sleep(ctx, lookAgain) {
				return
			}
			if all, err = h.boxes(ctx, project, service); err != nil && ctx.Err() == nil {
				h.log.WarnContext(ctx, "looking for containers to read from", "service", service, "err", err)
			}
		}
	})
	return f.out, nil
}

// follower reads the logs of the containers of one service.
type follower struct {
	*Host
	out  chan found.Line
	tail int

	mu    sync.Mutex
	since map[string]time.Time // by container: the last line that was told
}

// round follows containers until one of them ends.
func (f *follower) round(ctx context.Context, all []box) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	mask := maskOf(all)
	var work sync.WaitGroup
	for _, b := range all {
		work.Go(func() {
			defer cancel()
			if err := f.read(ctx, b, mask); err != nil && ctx.Err() == nil {
				f.log.WarnContext(ctx, "reading a log", "container", b.name(), "err", err)
			}
		})
	}
	work.Wait()
}

// read tells the lines of one container until it ends.
func (f *follower) read(ctx context.Context, b box, m mask) error {
	o := client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Follow: true, Timestamps: true, Tail: strconv.Itoa(f.tail)}
	f.mu.Lock()
	last, again := f.since[b.ID]
	f.mu.Unlock()
	if again {
		o.Since, o.Tail = last.Add(1).Format(time.RFC3339Nano), "all"
	}
	stream, err := f.api.ContainerLogs(ctx, b.ID, o)
	if err != nil {
		return err
	}
	var copying sync.WaitGroup
	defer copying.Wait()
	defer stream.Close()
	stop := context.AfterFunc(ctx, func() { _ = stream.Close() })
	defer stop()
	plain, w := io.Pipe()
	defer plain.Close()
	copying.Go(func() {
		var err error
		if b.Config != nil && b.Config.Tty {
			_, err = io.Copy(w, stream)
		} else {
			_, err = stdcopy.StdCopy(w, w, stream)
		}
		w.CloseWithError(err) // nil: the end
	})
	return eachLine(plain, func(text string) bool {
		line := lineOf(text)
		line.Container, line.Text = b.name(), m.text(line.Text)
		select {
		case f.out <- line:
		case <-ctx.Done():
			return false
		}
		f.mu.Lock()
		f.since[b.ID] = line.At
		f.mu.Unlock()
		return true
	})
}

// lineOf takes the engine's time off a line.
func lineOf(text string) found.Line {
	stamp, rest, _ := strings.Cut(text, " ")
	at, err := time.Parse(time.RFC3339Nano, stamp)
	if err != nil {
		return found.Line{Text: text}
	}
	return found.Line{At: at, Text: rest}
}

// eachLine gives line by line, the beginning of those that are too long, until
// it is told to stop.
func eachLine(r io.Reader, take func(string) bool) error {
	in := bufio.NewReaderSize(r, longestLine)
	cut := false // what comes is the rest of a line
	for {
		part, more, err := in.ReadLine()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if !cut && len(part) > 0 && !take(strings.ToValidUTF8(string(part), "\uFFFD")) {
			return nil
		}
		cut = more
	}
}
