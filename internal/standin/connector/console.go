package connector

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// console writes records as cloudflared does on a terminal:
//
//	2026-08-21T10:00:00Z INF Registered tunnel connection connIndex=0 event=0
type console struct {
	out   *lockedWriter
	level slog.Level
	attrs []slog.Attr
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func newConsole(w io.Writer, level string) slog.Handler {
	h := console{out: &lockedWriter{w: w}, level: slog.LevelInfo}
	switch level {
	case "debug":
		h.level = slog.LevelDebug
	case "warn":
		h.level = slog.LevelWarn
	case "error", "fatal":
		h.level = slog.LevelError
	}
	return h
}

func (h console) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level }

func (h console) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.attrs = slices.Concat(h.attrs, attrs)
	return h
}

// WithGroup changes nothing: the format is flat.
func (h console) WithGroup(string) slog.Handler { return h }

func (h console) Handle(_ context.Context, r slog.Record) error {
	attrs := slices.Clone(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		attrs = append(attrs, a)
		return true
	})
	slices.SortStableFunc(attrs, func(a, b slog.Attr) int { return strings.Compare(a.Key, b.Key) })

	var line strings.Builder
	line.WriteString(r.Time.UTC().Format(time.RFC3339) + " " + levelName(r.Level) + " " + r.Message)
	for _, a := range attrs {
		line.WriteString(" " + a.Key + "=" + quoted(fmt.Sprint(a.Value.Resolve().Any())))
	}
	line.WriteByte('\n')
	h.out.mu.Lock()
	defer h.out.mu.Unlock()
	_, err := io.WriteString(h.out.w, line.String())
	return err
}

func levelName(l slog.Level) string {
	switch {
	case l < slog.LevelInfo:
		return "DBG"
	case l < slog.LevelWarn:
		return "INF"
	case l < slog.LevelError:
		return "WRN"
	default:
		return "ERR"
	}
}

func quoted(s string) string {
	if s == "" || strings.ContainsAny(s, " \"\t\r\n\\=") {
		return strconv.Quote(s)
	}
	return s
}
