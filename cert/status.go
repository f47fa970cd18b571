package cert

import (
	"fmt"
	"time"

	"github.com/culvert/culvert/setup"
)

// State is how a certificate stands.
type State string

// States, best first.
const (
	Good    State = "good"
	Failing State = "failing" // good for now, but it could not be renewed or written
	Urgent  State = "urgent"  // it ends within a week
	Missing State = "missing" // there is none
	Expired State = "expired"
)

// Failure is what went wrong, until it goes right.
type Failure struct {
	Code       setup.Code `json:"code"`
	Message    string     `json:"message"`
	Permission string     `json:"permission,omitempty"` // the missing one, as the dashboard names it
	Since      time.Time  `json:"since"`
	Last       time.Time  `json:"last"`
	Attempts   int        `json:"attempts"`
	Next       time.Time  `json:"next"` // when it is tried again by itself
}

// Status is what is known of a certificate.
type Status struct {
	Want
	State       State
	Issuer      string    // who made it; empty if there is none
	NotBefore   time.Time // zero if there is none
	NotAfter    time.Time
	RenewFrom   time.Time // when a new one is got, or due for the operator's own
	Fingerprint string    // SHA-256, as browsers show it
	Note        string    // worth knowing, but nothing is wrong
	Failure     *Failure
}

const (
	renewAhead  = 30 * 24 * time.Hour
	urgentAhead = 7 * 24 * time.Hour
)

// renewFrom is when a certificate should be replaced: a month before its end, or
// when a third of a shorter life is left.
func renewFrom(from, to time.Time) time.Time { return to.Add(-min(renewAhead, to.Sub(from)/3)) }

// urgentFrom is when that is late: a week before, or a tenth of a shorter life.
func urgentFrom(from, to time.Time) time.Time { return to.Add(-min(urgentAhead, to.Sub(from)/10)) }

func (e entry) status(have *pair, now time.Time) Status {
	s := Status{Want: e.Want, Failure: e.Failure, Note: e.Note, State: Missing}
	if have == nil {
		return s
	}
	leaf := have.leaf()
	s.Issuer, s.Fingerprint = issuer(leaf), fingerprint(leaf)
	s.NotBefore, s.NotAfter = leaf.NotBefore, leaf.NotAfter
	s.RenewFrom = renewFrom(leaf.NotBefore, leaf.NotAfter)
	switch {
	case !now.Before(leaf.NotAfter):
		s.State = Expired
	case !now.Before(urgentFrom(leaf.NotBefore, leaf.NotAfter)):
		s.State = Urgent
	case e.Failure != nil, e.Source == Own && !now.Before(s.RenewFrom):
		s.State = Failing
	default:
		s.State = Good
	}
	return s
}

// Problem is what to tell people; nil if all is well.
func (s Status) Problem() *setup.Problem {
	if s.State == Good {
		return nil
	}
	p := &setup.Problem{Code: setup.CodeUnavailable, Message: s.ends()}
	switch f := s.Failure; {
	case f != nil:
		p.Code, p.Permission = f.Code, f.Permission
		p.Message += fmt.Sprintf(" Culvert has tried %s since %s to put that right. %s", times(f.Attempts), day(f.Since), f.Message)
	case s.Source == Own:
		p.Message += fmt.Sprintf(" It is yours to renew: put the new one in the place of %s and %s.", s.CertificateFile, s.KeyFile)
	default:
		p.Message += " Culvert will get a new one at its next look."
	}
	return p
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func (s Status) ends() string {
	switch s.State {
	case Missing:
		return fmt.Sprintf("There is no certificate for %s yet.", s.Name())
	case Expired:
		return fmt.Sprintf("The certificate for %s ended on %s: browsers warn of the address.", s.Name(), day(s.NotAfter))
	default:
		return fmt.Sprintf("The certificate for %s ends on %s.", s.Name(), day(s.NotAfter))
	}
}
