// Command culvert-lab keeps a lab up until it is interrupted, with the stand-in
// images in it. Tests that are run with DOCKER_LAB set to the folder that it
// prints share it instead of starting one each.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/culvert/culvert/lab"
)

func main() {
	django := flag.Bool("django", false, "put a real Django project in the place of the stand-in app")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, slog.New(slog.NewTextHandler(os.Stderr, nil)), *django); err != nil {
		fmt.Fprintln(os.Stderr, "culvert-lab:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, log *slog.Logger, django bool) (err error) {
	if err := lab.Possible(); err != nil {
		return err
	}
	l, err := lab.Open(ctx, log)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := l.Close(); err == nil {
			err = closeErr
		}
	}()
	if err := l.ImportStandIns(ctx, "", nil); err != nil {
		return err
	}
	if django {
		if err := errors.Join(lab.DjangoPossible(), l.ImportDjango(ctx)); err != nil {
			return err
		}
	}
	fmt.Printf("export DOCKER_LAB=%s DOCKER_HOST=%s\n", l.Dir(), l.Host())
	fmt.Printf("# in the lab's network: nsenter --net=%s COMMAND\n", l.NetnsPath())
	<-ctx.Done()
	return nil
}
