package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/store"
)

func TestASecondProcessIsRefusedUntilTheFirstEnds(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	first := startChild(t, "hold", dir)
	_, err := store.Open(t.Context(), dir, store.Options{})
	var inUse *store.InUseError
	if !errors.As(err, &inUse) || inUse.Process != first.Process.Pid || inUse.Dir != dir {
		t.Fatalf("err = %v, want one that names %s and process %d", err, dir, first.Process.Pid)
	}
	if want := fmt.Sprintf("Another Culvert is using %s (process %d)", dir, first.Process.Pid); !strings.Contains(err.Error(), want) {
		t.Errorf("err = %q, want %q in it", err, want)
	}
	kill(t, first)
	openIn(t, dir, &clock{noon})
}

func TestAProcessKilledWhileWritingLeavesWholeTransactionsOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	kill(t, startChild(t, "write", dir))
	s := openIn(t, dir, &clock{noon})
	l := must[setup.Ledger](t)(s.Ledger(t.Context()))
	audits := len(history(t, s, ""))
	if len(l.Records) == 0 || len(l.Records) != audits*batch {
		t.Errorf("%d records and %d audit entries, want %d records an entry", len(l.Records), audits, batch)
	}
}

// batch is how many records the child writes in one transaction.
const batch = 50

// child is this test binary run as another process: it opens a directory, says
// "ready", and works until it is killed or its standard input ends.
func child(job string) int {
	ctx := context.Background()
	s, err := store.Open(ctx, os.Getenv("STORE_TEST_DIR"), store.Options{})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	for n := 0; job == "write"; n++ {
		var changes []engine.RecordChange
		for i := range batch {
			changes = append(changes, engine.RecordChange{Key: tunnelKey(fmt.Sprint(n, "-", i)), Record: &setup.Record{}})
		}
		if err := s.SaveRecords(ctx, changes, []engine.Audit{{Action: "changed"}}); err != nil {
			fmt.Println(err)
			return 1
		}
		if n == 20 {
			fmt.Println("ready")
		}
	}
	fmt.Println("ready")
	_, _ = os.Stdin.Read(make([]byte, 1))
	return 0
}

func startChild(t *testing.T, job, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "STORE_TEST_CHILD="+job, "STORE_TEST_DIR="+dir)
	cmd.Stderr = os.Stderr
	_, err := cmd.StdinPipe() // ends with this process, so no child outlives it
	check(t, err)
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			kill(t, cmd)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if line != "ready\n" {
		t.Fatalf("the child says %q (%v)", line, err)
	}
	return cmd
}

func kill(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	check(t, cmd.Process.Kill())
	_ = cmd.Wait() // says that it was killed
}
