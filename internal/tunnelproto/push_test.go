package tunnelproto_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/culvert/culvert/internal/tunnelproto"
)

func TestAConfigurationIsAppliedByVersion(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		te := startEdge(t)
		c := te.connector(p, 2, hello)
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
	})
}

func TestAConfigurationCanBePushedAsSoonAsAConnectorRegistered(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		pushed := make(chan error, 1)
		te := startEdgeWith(t, func(e *tunnelproto.Edge) {
			remember := e.Registered
			e.Registered = func(c *tunnelproto.Conn) {
				_, err := c.PushConfig(t.Context(), 1, json.RawMessage(`{}`))
				pushed <- err
				remember(c)
			}
		})
		run(t, te.connector(p, 1, hello))
		if err := receive(t, "the push is answered", pushed); err != nil {
			t.Error(err)
		}
	})
}

func TestTheReasonOfARefusedConfigurationTravelsOverQUIC(t *testing.T) {
	te := startEdge(t)
	c := te.connector(tunnelproto.QUIC, 1, hello)
	c.Configure = func(int, []byte) error { return errors.New("the last rule must match every request") }
	run(t, c)
	_, err := te.wait(1)[0].PushConfig(t.Context(), 1, json.RawMessage(`{}`))
	if !errors.Is(err, tunnelproto.ErrConfigRefused) || !strings.Contains(err.Error(), "the last rule must match") {
		t.Errorf("it gives %v", err)
	}
}

func TestAConnectorTellsItsOwnRulesWhereNoneComeFromTheEdge(t *testing.T) {
	both(t, func(t *testing.T, p tunnelproto.Protocol) {
		for name, remote := range map[string]bool{"managed here": false, "managed remotely": true} {
			t.Run(name, func(t *testing.T) {
				told := make(chan string, 10)
				te := startEdgeWith(t, func(e *tunnelproto.Edge) {
					e.Authenticate = func(context.Context, tunnelproto.Registration) (tunnelproto.Details, error) {
						return tunnelproto.Details{RemotelyManaged: remote}, nil
					}
					e.LocalConfig = func(c *tunnelproto.Conn, config []byte) {
						told <- fmt.Sprint(c.Registration().ConnIndex, " ", string(config))
					}
				})
				c := te.connector(p, 3, hello)
				c.LocalConfig = func() []byte { return []byte(`{"ingress":[]}`) }
				stop := run(t, c)
				te.wait(3)
				if !remote {
					if got := receive(t, "the rules are told", told); got != `0 {"ingress":[]}` {
						t.Errorf("told were %s", got)
					}
				}
				stop()
				if n := len(told); n != 0 {
					t.Errorf("the rules were told %d times too often", n)
				}
			})
		}
	})
}
