// Command compose builds the real Compose command once, into the user's cache
// folder, and prints where it is. The tests do the same when they need it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/culvert/culvert/lab"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	path, err := lab.ComposeBinary(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "compose:", err)
		os.Exit(1)
	}
	fmt.Println(path)
}
