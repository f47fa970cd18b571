package tunnelproto_test

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/culvert/culvert/internal/tunnelproto"
)

func TestATokenReadsBackWhatItEncodes(t *testing.T) {
	want := testToken()
	got, err := tunnelproto.ParseToken(want.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Error("the token changed on the way")
	}
}

func TestATokenHasTheFormOfTheDashboard(t *testing.T) {
	raw, err := base64.StdEncoding.DecodeString(testToken().Encode())
	if err != nil {
		t.Fatal("not padded standard base64:", err)
	}
	want := `{"a":"acc0","t":"11111111-2222-4333-8444-555555555555","s":"czNjcjN0LXMzY3IzdA=="}`
	if string(raw) != want {
		t.Errorf("got  %s\nwant %s", raw, want)
	}
}

func TestWhatIsNoTokenIsRefused(t *testing.T) {
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	for name, s := range map[string]string{
		"empty":          "",
		"no base64":      "%%%",
		"unpadded":       strings.TrimRight(testToken().Encode(), "="),
		"no JSON":        encode("hello"),
		"no secret":      encode(`{"a":"x","t":"11111111-2222-4333-8444-555555555555"}`),
		"no account":     encode(`{"t":"11111111-2222-4333-8444-555555555555","s":"czNj"}`),
		"tunnel no UUID": encode(`{"a":"x","t":"tunnel","s":"czNj"}`),
	} {
		t.Run(name, func(t *testing.T) {
			if s == testToken().Encode() {
				t.Skip("this token needs no padding")
			}
			if _, err := tunnelproto.ParseToken(s); err == nil {
				t.Error("it was taken for a token")
			}
		})
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	tok := testToken()
	reg := tunnelproto.Registration{TunnelID: tok.TunnelID, Secret: tok.Secret}
	var out strings.Builder
	log := slog.New(slog.NewJSONHandler(&out, nil))
	log.Info("x", "token", tok, "registration", reg)
	_, _ = fmt.Fprintf(&out, "%v %+v %#v %s %v %+v %#v %s", tok, tok, tok, tok, reg, reg, reg, reg)
	for _, form := range []string{string(tok.Secret), base64.StdEncoding.EncodeToString(tok.Secret), fmt.Sprint(tok.Secret), fmt.Sprintf("%x", tok.Secret)} {
		if strings.Contains(out.String(), form) {
			t.Errorf("the secret shows as %q", form)
		}
	}
}
