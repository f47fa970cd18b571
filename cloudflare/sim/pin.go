package sim

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"time"
)

// pinLasts is how long a one-time PIN is good ("One-time PIN login").
const pinLasts = 10 * time.Minute

// pinOf is the login method by one-time PIN that an application offers, if any.
func (a *account) pinOf(app *app) *identity {
	for idp := range a.IDPs.all() {
		if idp.Type == "onetimepin" && app.allowsIDP(idp.ID) {
			return idp
		}
	}
	return nil
}

// pinForm is the first form: whom to send a code to.
type pinForm struct {
	App  string
	Ways bool // there is a login method by e-mail
}

func (f pinForm) write(w http.ResponseWriter, v *visit) { loginPage.write(w, v, http.StatusOK, f) }

// codeForm is the second one. The simulator sends no mail: it shows the code to
// those who would have got one, and tells the others, whom Cloudflare leaves
// waiting, that they would not.
type codeForm struct {
	App, Email, Nonce string
	Code              string // empty: Cloudflare would send none
}

// sendCode stands for the mail with the code, which only goes to those whom a
// policy allows ("blocked users will not receive an email").
func (c *Cloud) sendCode(a *account, app *app, email string, who visitor, idp string) step {
	who.email, who.idp = email, idp
	f := codeForm{App: app.Name, Email: email, Nonce: a.sign(claims{Type: "pin", Email: email,
		Issued: c.now().Unix(), Expires: c.now().Add(pinLasts).Unix(), Serial: c.ids.issued.Add(1)})}
	if _, err := c.openSession(a, app, who); err == nil {
		f.Code = a.code(f.Nonce)
	}
	return func(w http.ResponseWriter, v *visit) { codePage.write(w, v, http.StatusOK, f) }
}

// code is the PIN that belongs to a nonce.
func (a *account) code(nonce string) string {
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(a.mac("pin "+nonce))%1_000_000)
}

func (a *account) rightCode(email, code, nonce string, now time.Time) bool {
	said, err := a.read(nonce, now)
	return err == nil && said.Type == "pin" && said.Email == email && code == a.code(nonce)
}
