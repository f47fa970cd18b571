package dockerx

import (
	"bytes"
	"strings"
	"sync"
)

// lines collects text line by line. Both streams of a command may write to it.
type lines struct {
	each func(string)

	mu   sync.Mutex
	rest []byte
	got  []string
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		line, rest, ok := bytes.Cut(l.rest, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		l.rest = rest
		l.add(string(line))
	}
}

// flush takes what was left without a newline.
func (l *lines) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.add(string(l.rest))
	l.rest = nil
}

func (l *lines) add(line string) {
	if line = strings.TrimSpace(line); line != "" {
		l.got = append(l.got, line)
		l.each(line)
	}
}
