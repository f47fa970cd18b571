// Command ocs is the stand-in app as a program. Linked under the names of the
// programs of the real images (gunicorn, python, celery, postgres, pg_isready,
// redis-server, redis-cli, sh) it is the image of every service.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/culvert/culvert/internal/standin/app"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := app.Main(ctx, os.Args, os.LookupEnv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
