package notify

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"

	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

// Send gives a message to a service. It may take longer than its context lasts.
type Send func(ctx context.Context, address secret.Text, title, text string) error

// Shoutrrr sends by the library of that name. It knows no contexts: the attempt
// ends when the service answers or the connection does.
func Shoutrrr(_ context.Context, address secret.Text, title, text string) error {
	service, err := new(router.ServiceRouter).Locate(address.Reveal())
	if err != nil {
		return unsent("The address is not one that can be used.")
	}
	return reason(service.Send(text, &types.Params{"title": title}))
}

func unsent(text string) *setup.Problem {
	return &setup.Problem{Code: setup.CodeUnavailable, Message: text}
}

// statusText finds the number with which a service refuses.
var statusText = regexp.MustCompile(`\b[45]\d\d\b`)

// reason says in our own words why a message was not taken: the library's errors
// show addresses, and with them secrets.
func reason(err error) error {
	if err == nil {
		return nil
	}
	text := strings.ToLower(err.Error())
	for _, r := range []struct{ sign, means string }{
		{"no such host", "Its name is not known."},
		{"connection refused", "Nothing listens there."},
		{"certificate", "Its certificate is not trusted."},
		{"timeout", "It did not answer in time."},
		{"deadline", "It did not answer in time."},
		{"eof", "It hung up."},
		{"reset by peer", "It hung up."},
	} {
		if strings.Contains(text, r.sign) {
			return unsent(r.means)
		}
	}
	switch status := statusText.FindString(text); status {
	case "":
		return unsent("It did not take the message.")
	case "401", "403", "535":
		return unsent(fmt.Sprintf("It refused the password or token (%s).", status))
	case "404", "410":
		return unsent(fmt.Sprintf("There is nothing at this address any more (%s).", status))
	case "429":
		return unsent("It asks for patience (429).")
	default:
		return unsent(fmt.Sprintf("It did not take the message (%s).", status))
	}
}

// Ping asks an address, as a sign of life.
type Ping func(ctx context.Context, address secret.Text, suffix string) error

// Pinger asks with an HTTP client.
func Pinger(client *http.Client) Ping {
	return func(ctx context.Context, address secret.Text, suffix string) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, address.Reveal()+suffix, nil)
		if err != nil {
			return unsent("The address is not one that can be used.")
		}
		r.Header.Set("User-Agent", "culvert")
		resp, err := client.Do(r)
		if err != nil {
			return reason(err)
		}
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 4<<10)) // so that the connection can be used again
		if resp.StatusCode/100 != 2 {
			return reason(fmt.Errorf("status %d", resp.StatusCode))
		}
		return nil
	}
}
