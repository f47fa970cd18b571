package tunnelproto

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
)

// Token is what a connector needs in order to run a tunnel: which one, and the
// secret that proves it may. It prints without the secret.
type Token struct {
	AccountTag string
	TunnelID   string // UUID
	Secret     []byte
}

type tokenJSON struct {
	AccountTag string `json:"a"`
	TunnelID   string `json:"t"`
	Secret     []byte `json:"s"`
}

// ErrToken says that a text is no tunnel token. It never holds the text.
var ErrToken = errors.New("not a tunnel token")

// ParseToken reads the form that the dashboard and the API hand out: padded
// standard base64 of a small JSON object.
func ParseToken(s string) (Token, error) {
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return Token{}, ErrToken
	}
	var t tokenJSON
	if err := json.Unmarshal(raw, &t); err != nil {
		return Token{}, ErrToken
	}
	if _, err := parseUUID(t.TunnelID); err != nil || t.AccountTag == "" || len(t.Secret) == 0 {
		return Token{}, ErrToken
	}
	return Token(t), nil
}

// Encode is the inverse of ParseToken.
func (t Token) Encode() string {
	raw, err := json.Marshal(tokenJSON(t))
	if err != nil {
		panic("tunnelproto: a token of strings and bytes must marshal: " + err.Error())
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func (t Token) String() string { return "token of tunnel " + t.TunnelID }

// GoString keeps the secret out of %#v.
func (t Token) GoString() string { return t.String() }

// LogValue keeps the secret out of logs.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }
