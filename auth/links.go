package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

const (
	linkPath     = "/start/"
	linkLifetime = 30 * time.Minute
)

// ErrLink is shown to people as it is.
var ErrLink = errors.New("this login link was used already, is older than 30 minutes, or is not complete: " +
	"get a new one on the server where Culvert runs")

// Links keeps the hashes of login links.
type Links interface {
	SaveLink(ctx context.Context, hash string, expires time.Time) error
	// TakeLink says yes once for a hash that was saved, and only before it expires.
	TakeLink(ctx context.Context, hash string) (bool, error)
}

// NewLink makes a login link and gives its path. Whoever has it can sign in
// once, within 30 minutes.
//
// A GET of the path must change nothing and show a page with a button, because
// mail and chat programs open links to preview them. The button's POST calls
// Redeem.
func (a *Auth) NewLink(ctx context.Context) (path string, err error) {
	token := rand.Text()
	if err := a.links.SaveLink(ctx, hash(token), a.now().Add(linkLifetime)); err != nil {
		return "", fmt.Errorf("making a login link: %w", err)
	}
	return linkPath + token, nil
}

// Redeem uses a link's token up and signs the visitor in, with a new session
// token. The context is that of a request that came through Middleware, before its
// answer begins. ErrLink: the link is not good.
func (a *Auth) Redeem(ctx context.Context, token string) error {
	good, err := a.links.TakeLink(ctx, hash(token))
	if err != nil {
		return fmt.Errorf("using a login link: %w", err)
	}
	if !good {
		return ErrLink
	}
	if err := a.signIn(ctx, Operator); err != nil {
		return fmt.Errorf("signing in: %w", err)
	}
	return nil
}

// hash is how a token is stored. The token is random and long, so a plain hash
// does not let it be guessed.
func hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
