package probe

import (
	"context"
	"crypto/tls"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"

	"github.com/culvert/culvert/setup"
)

// maxPage is how much of a page is read: a form may stand far down.
const maxPage = 256 << 10

// SignIn proves that somebody could log in, and changes nothing: it gets the
// login page, keeps the cookies that a browser would keep, and sends the form
// with nothing filled in. An app that takes it shows the form again and counts
// no failed login; one that cannot take any refuses it as forged.
func (p *Prober) SignIn(ctx context.Context, in Inside, form setup.Login, c setup.Check) setup.Evidence {
	start := p.o.Clock()
	v := setup.Evidence{Check: c, At: start, URL: in.url(c.Path)}
	s := &signIn{Evidence: v, in: in, form: form, visitor: p.visitor(in)}
	s.try(ctx, p)
	s.Took = p.o.Clock().Sub(start)
	return s.Evidence
}

// signIn is one try.
type signIn struct {
	setup.Evidence
	in      Inside
	form    setup.Login
	visitor *visitor
}

func (s *signIn) try(ctx context.Context, p *Prober) {
	resp, body, err := p.visit(ctx, s.visitor, http.MethodGet, s.URL, nil)
	if err != nil {
		s.silent(err)
		return
	}
	page := s.saw(resp, body)
	token := fieldOf(page.body, s.form.Token)
	if page.status != http.StatusOK || token == "" || s.By != setup.ByApp && s.By != setup.ByUnknown {
		s.noPage(page)
		return
	}
	secure := onlySecure(resp)
	fields := url.Values{s.form.Token: {token}}
	for _, name := range s.form.Fields {
		fields.Set(name, "")
	}
	if resp, body, err = p.visit(ctx, s.visitor, http.MethodPost, s.URL, fields); err != nil {
		s.silent(err)
		return
	}
	s.judge(s.saw(resp, body), secure)
}

func (s *signIn) silent(err error) {
	s.By = setup.ByNobody
	s.Detail, s.Excerpt = nobody(err)
	s.Detail = fmt.Sprintf("The app's login page cannot be had at %s. %s", s.in.Address, s.Detail)
}

func (s *signIn) saw(resp *http.Response, body []byte) answer {
	a := read(resp, body)
	s.Status, s.Excerpt, s.By = a.status, excerpt(a), insideBy(a)
	return a
}

// noPage: what came is not the login page.
func (s *signIn) noPage(a answer) {
	switch {
	case !s.in.TLS && a.isRedirect() && a.location != nil && a.location.Scheme == "https":
		s.Final = s.By == setup.ByApp
		s.Detail = "The app sends browsers to https, and without a certificate nothing answers there: nobody can log in at this address."
	case s.By != setup.ByApp && s.By != setup.ByUnknown:
		s.Detail = insideInTheWay(a, s.By)
	case a.isRedirect():
		s.Detail = fmt.Sprintf("The app sends browsers elsewhere from its login page (%d).", a.status)
	case a.status != http.StatusOK:
		s.Detail = fmt.Sprintf("The app answers %d in place of its login page.", a.status)
	default:
		s.Detail = "What answers is not the app's login page: its form is missing."
	}
}

// judge says what became of the form.
func (s *signIn) judge(a answer, secure bool) {
	switch {
	case a.status == http.StatusOK && fieldOf(a.body, s.form.Token) != "":
		s.OK, s.By = true, setup.ByApp
		s.Detail = "The app's login page takes its form: somebody can log in. It was sent empty, so nothing was tried."
	case a.status == http.StatusForbidden && secure && !s.in.TLS:
		s.Final = s.By == setup.ByApp
		s.Detail = "Nobody can log in here: the app sends its cookies over https only (production settings), so browsers drop them at http and the form is refused (403)."
	case a.status == http.StatusForbidden:
		s.Detail = "The app refuses its own login form as forged (403): this address is not among the origins that it trusts, or its cookie does not come back."
	case a.status == http.StatusTooManyRequests:
		s.Detail = "The app takes no login now, because there were too many (429)."
	case s.By != setup.ByApp && s.By != setup.ByUnknown:
		s.Detail = insideInTheWay(a, s.By)
	default:
		s.Detail = fmt.Sprintf("The app answers its empty login form with %d and does not show it again.", a.status)
	}
}

// onlySecure says whether an answer sets cookies, all of them for https alone.
func onlySecure(resp *http.Response) bool {
	cookies := resp.Cookies()
	for _, c := range cookies {
		if !c.Secure {
			return false
		}
	}
	return len(cookies) > 0
}

var (
	inputTag  = regexp.MustCompile(`(?is)<input\b[^>]*>`)
	attribute = regexp.MustCompile(`(?is)\b(name|value)\s*=\s*("[^"]*"|'[^']*')`)
)

// fieldOf is the value of a field of a page; empty if it has none.
func fieldOf(page, name string) string {
	for _, tag := range inputTag.FindAllString(page, -1) {
		has := map[string]string{}
		for _, m := range attribute.FindAllStringSubmatch(tag, -1) {
			has[strings.ToLower(m[1])] = html.UnescapeString(m[2][1 : len(m[2])-1])
		}
		if has["name"] == name {
			return has["value"]
		}
	}
	return ""
}

// visitor is a browser at a private name: it keeps cookies, sends back those that
// the address may have, and knows no other way than to one address.
type visitor struct {
	p       *Prober
	in      Inside
	address string
	jar     http.CookieJar // nil: it keeps none
}

func (p *Prober) visitor(in Inside) *visitor {
	jar, _ := cookiejar.New(nil) // fails for no options
	return &visitor{p, in, in.Address, jar}
}

// visit makes one request and follows no redirect.
func (p *Prober) visit(ctx context.Context, v *visitor, method, address string, form url.Values) (*http.Response, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, p.o.Timeout)
	defer cancel()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("User-Agent", p.o.UserAgent)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", req.URL.Scheme+"://"+req.URL.Host)
		req.Header.Set("Referer", address)
	}
	client := &http.Client{Transport: v.transport(), Jar: v.jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(io.LimitReader(resp.Body, maxPage))
	if err != nil && len(page) == 0 {
		return nil, nil, err
	}
	return resp, page, nil
}

func (v *visitor) transport() *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return v.p.o.Dial(ctx, network, v.address)
		},
		TLSClientConfig: v.in.tlsConfig(func(s tls.ConnectionState) error {
			_, err := v.in.trusted(s.PeerCertificates, v.p.o.Clock())
			return err
		}),
		DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: 64 << 10,
	}
}
