package main

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/culvert/culvert/cloudflare"
	"github.com/culvert/culvert/secret"
	"github.com/culvert/culvert/setup"
)

// cloudPort is the Cloudflare account behind whichever token is in use. Without
// a token everything of the account is unread, which is not absent.
type cloudPort struct {
	base string
	http *http.Client
	log  *slog.Logger

	mu     sync.Mutex
	client *cloudflare.Client
	before uint64 // calls of the clients before this one
}

// Use makes a token the one in use; an empty one means none.
func (p *cloudPort) Use(token secret.Text) {
	var client *cloudflare.Client
	if !token.Empty() {
		var err error
		if client, err = p.with(token, ""); err != nil {
			p.log.Error("using the token", "err", err)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.client != nil {
		p.before += p.client.Calls()
	}
	p.client = client
}

// Calls counts the calls that were made to Cloudflare with the tokens in use.
func (p *cloudPort) Calls() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.client == nil {
		return p.before
	}
	return p.before + p.client.Calls()
}

func (p *cloudPort) with(token secret.Text, account string) (*cloudflare.Client, error) {
	return cloudflare.New(cloudflare.Options{Token: token, BaseURL: p.base, Account: account, HTTP: p.http, Log: p.log})
}

func (p *cloudPort) now() (*cloudflare.Client, *setup.Problem) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.client == nil {
		return nil, &setup.Problem{Code: setup.CodeNoToken, Message: "There is no API token yet. Give one at the step Account."}
	}
	return p.client, nil
}

// Try reads with a token and says what it is good for.
func (p *cloudPort) Try(ctx context.Context, token secret.Text, account string, needs []setup.Permission) (setup.TokenReport, error) {
	client, err := p.with(token, account)
	if err != nil {
		return setup.TokenReport{}, err
	}
	return client.Check(ctx, account, needs)
}

func (p *cloudPort) Observe(ctx context.Context, v setup.View) (setup.World, error) {
	client, problem := p.now()
	if problem == nil {
		return client.Observe(ctx, v)
	}
	var w setup.World
	for _, kind := range setup.Kinds() {
		switch kind.Place() {
		case setup.AtAccount:
			if !v.Asks(kind) {
				continue
			}
			w.Miss(kind, v.Account, *problem)
		case setup.AtZone:
			for _, zone := range v.Zones {
				w.Miss(kind, zone, *problem)
			}
		}
	}
	return w, nil
}

func (p *cloudPort) Do(ctx context.Context, call setup.Call) ([]setup.Outcome, error) {
	client, problem := p.now()
	if problem == nil {
		return client.Do(ctx, call)
	}
	outs := make([]setup.Outcome, len(call.Entries))
	for i := range outs {
		outs[i].Err = problem
	}
	return outs, nil
}

// TunnelToken gives the token that a connector needs.
func (p *cloudPort) TunnelToken(ctx context.Context, tunnelID string) (secret.Text, error) {
	client, problem := p.now()
	if problem != nil {
		return secret.Text{}, problem
	}
	return client.TunnelToken(ctx, tunnelID)
}

// Deeds tells what was changed in an account (watch.Accounts).
func (p *cloudPort) Deeds(ctx context.Context, account string, since time.Time) ([]setup.Deed, error) {
	client, problem := p.now()
	if problem != nil {
		return nil, problem
	}
	return client.Deeds(ctx, account, since)
}

// The proofs for a certificate authority (cert.DNS).

func (p *cloudPort) AddTXT(ctx context.Context, zone, name, value, mark string) error {
	client, problem := p.now()
	if problem != nil {
		return problem
	}
	return client.AddTXT(ctx, zone, name, value, mark)
}

func (p *cloudPort) TXT(ctx context.Context, zone, name, mark string) (map[string]string, error) {
	client, problem := p.now()
	if problem != nil {
		return nil, problem
	}
	return client.TXT(ctx, zone, name, mark)
}

func (p *cloudPort) DropTXT(ctx context.Context, zone, id, mark string) error {
	client, problem := p.now()
	if problem != nil {
		return problem
	}
	return client.DropTXT(ctx, zone, id, mark)
}
