package probe

import (
	"net/http"
	"slices"
	"strings"

	"github.com/culvert/culvert/setup"
)

// Verdict is what an answer shows.
type Verdict struct {
	By      setup.Answerer
	OK      bool
	Detail  string   // one sentence
	Excerpt []string // the header and body lines that decided
}

// Classify judges an answer, or the error in its place, by what a check wants.
// It depends on its arguments alone.
func Classify(resp *http.Response, body []byte, err error, c setup.Check) Verdict {
	if err != nil || resp == nil {
		detail, line := nobody(err)
		if c.Locked {
			detail += " Whether " + c.Path + " is locked cannot be told."
		}
		return Verdict{By: setup.ByNobody, Detail: detail, Excerpt: line}
	}
	a := read(resp, body)
	v := Verdict{By: who(a, c), Excerpt: excerpt(a)}
	switch {
	case c.Locked:
		v.OK, v.Detail = judgeLock(a, v.By, c)
	case c.Metadata:
		v.OK, v.Detail = judgeMetadata(a, v.By)
	default:
		v.OK, v.Detail = judgeDoor(a, v.By, c)
	}
	return v
}

// who decides by signs, those against the app first: the app may answer with
// any status and may itself speak of Access.
func who(a answer, c setup.Check) setup.Answerer {
	lock, app := a.isAccess(), a.hasAppHeaders()
	switch {
	case lock && app:
		return setup.ByUnknown // one of them is imitated
	case lock:
		return setup.ByAccess
	case a.header.Get("Cf-Mitigated") != "":
		return setup.ByEdge
	case app && a.refusesHost():
		return setup.ByAppHost
	case app:
		return setup.ByApp
	}
	if by := whoOfCloudflare(a); by != "" {
		return by
	}
	switch {
	case a.refusesHost():
		return setup.ByAppHost
	case a.status == http.StatusMethodNotAllowed && a.header.Get("Allow") != "",
		a.asksForKey(),
		c.Want.Body != "" && wanted(a, c.Want):
		return setup.ByApp
	}
	return setup.ByUnknown
}

// whoOfCloudflare recognises what the edge and the connector answer in the
// app's place; empty if neither did.
func whoOfCloudflare(a answer) setup.Answerer {
	if !a.viaCloudflare() {
		return ""
	}
	code := a.edgeCode()
	switch {
	case a.status == 530:
		return setup.ByTunnel
	case a.status >= 520 && a.status <= 529:
		return setup.ByEdge
	case (a.status == 502 || a.status == 503 || a.status == 504) && (a.isEdgePage() || code == a.status || a.isEmpty()):
		return setup.ByConnector
	case a.status == http.StatusNotFound && a.isEmpty():
		return setup.ByConnector
	case a.status >= 400 && (code >= 1000 || a.isEdgePage()), a.refusedUnseen():
		return setup.ByEdge
	}
	return ""
}

// wanted says whether an answer is as an open check asks. Empty fields do not
// count.
func wanted(a answer, w setup.Answer) bool {
	return (w.Status == 0 || a.status == w.Status) &&
		(w.Allow == "" || slices.Contains(a.allowed(), strings.ToUpper(w.Allow))) &&
		(w.Body == "" || strings.Contains(a.body, w.Body))
}
