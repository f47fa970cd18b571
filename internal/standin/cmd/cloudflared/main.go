// Command cloudflared is the stand-in connector as a program, for images that
// take the official one's place in the lab.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/culvert/culvert/internal/standin/connector"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := connector.Main(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
