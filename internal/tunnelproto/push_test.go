package tunnelproto_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/culvert/culvert/internal/tunnelproto"
)

func TestAConfigurationIsAppliedByVersion(t *testing.T) {
	te := startEdge(t)
	c := te.connector(2, hello)
	var applied []string
	c.Configure = func(version int, config []byte) error {
		if _, err := tunnelproto.ParseConfig(config); err != nil {
			return err
		}
		applied = append(applied, fmt.Sprint(version, " ", string(config)))
		return nil
	}
	run(t, c)
	conns := te.wait(2)
	const good, bad = `{"ingress":[{"service":"http_status:404"}]}`, `{"ingress":[{"hostname":"x.y","service":"http://w"}]}`
	for _, step := range []struct {
		version int
		config  string
		want    int
		refused bool
	}{
		{0, good, 0, false},
		{0, good, 0, false}, // the same again
		{3, good, 3, false},
		{2, good, 3, false}, // an old one
		{4, bad, 3, true},
		{4, good, 4, false}, // a refused version may come again
	} {
		got, err := conns[step.version%2].PushConfig(t.Context(), step.version, json.RawMessage(step.config))
		if got != step.want || errors.Is(err, tunnelproto.ErrConfigRefused) != step.refused || (err != nil) != step.refused {
			t.Errorf("version %d: in force is %d, %v; want %d, refused %v", step.version, got, err, step.want, step.refused)
		}
	}
	want := []string{"0 " + good, "3 " + good, "4 " + good}
	if diff := cmp.Diff(want, applied); diff != "" {
		t.Error(diff)
	}
}

func TestAConfigurationCanBePushedAsSoonAsAConnectorRegistered(t *testing.T) {
	te := startEdge(t)
	pushed := make(chan error, 1)
	remember := te.edge.Registered
	te.edge.Registered = func(c *tunnelproto.Conn) {
		_, err := c.PushConfig(t.Context(), 1, json.RawMessage(`{}`))
		pushed <- err
		remember(c)
	}
	run(t, te.connector(1, hello))
	if err := receive(t, "the push is answered", pushed); err != nil {
		t.Error(err)
	}
}
