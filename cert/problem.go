package cert

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/mholt/acmez/v3/acme"

	"github.com/culvert/culvert/setup"
)

// problemOf is what a person needs of an error; nil for none.
func problemOf(err error) *setup.Problem {
	var told *setup.Problem
	var field setup.FieldError
	if !errors.As(err, &told) && errors.As(err, &field) {
		return &setup.Problem{Code: setup.CodeInvalid, Message: field.Message, Cause: err}
	}
	return setup.AsProblem(err)
}

// unfit is a certificate that was issued and will not do.
func unfit(err error) error {
	p := problemOf(err)
	return &setup.Problem{Code: setup.CodeInternal, Cause: err,
		Message: "What was issued will not do, and the old certificate stays. " + p.Message}
}

// ordering turns what an order ended with into words. The authority's own are
// kept: they often name the record that was looked at.
func ordering(err error) error {
	say := func(code setup.Code, format string, args ...any) error {
		return &setup.Problem{Code: code, Message: fmt.Sprintf(format, args...), Cause: err}
	}
	var ours *setup.Problem
	if errors.As(err, &ours) { // it says that it was about the record
		p := *ours
		p.Cause = err
		return &p
	}
	var theirs acme.Problem
	switch {
	case errors.As(err, &theirs):
		return refusal(theirs, say)
	case strings.Contains(err.Error(), "propagat"):
		return say(setup.CodeUnavailable, "The record that proves the domain was made, but name servers do not show it yet. It is tried again. If that lasts, check that this server may ask name servers (port 53), and that the domain's name servers are Cloudflare's.")
	case strings.Contains(err.Error(), "determine zone"):
		return say(setup.CodeUnavailable, "No name server tells which domain the name belongs to. Check that this server may ask name servers (port 53), and that the domain is spelled right.")
	case errors.Is(err, context.DeadlineExceeded):
		return say(setup.CodeUnavailable, "The certificate authority did not finish in time. It is tried again.")
	default:
		return say(setup.CodeUnavailable, "The certificate authority could not be reached. Check that this server can open https connections to it. It is tried again.")
	}
}

// refusal is what the authority itself says.
func refusal(p acme.Problem, say func(setup.Code, string, ...any) error) error {
	detail := clip(p.Detail)
	for _, sub := range p.Subproblems {
		detail = clip(detail + " " + sub.Detail)
	}
	switch p.Type {
	case acme.ProblemTypeRateLimited:
		return say(setup.CodeRateLimited, "The certificate authority asks for patience: too many certificates or attempts for this domain of late. It is tried again later. It says: %s", detail)
	case acme.ProblemTypeCAA:
		return say(setup.CodeRefused, "A CAA record of your domain forbids this authority to issue. Add it to the record, or remove the record. It says: %s", detail)
	case acme.ProblemTypeRejectedIdentifier, acme.ProblemTypeUnsupportedIdentifier, acme.ProblemTypeMalformed:
		return say(setup.CodeInvalid, "The certificate authority does not issue for this name. Use a name under your own domain. It says: %s", detail)
	case acme.ProblemTypeUnauthorized, acme.ProblemTypeDNS, acme.ProblemTypeIncorrectResponse, acme.ProblemTypeConnection:
		return say(setup.CodeUnavailable, "The certificate authority did not find the proof in the domain's DNS. It is tried again. If that lasts, check that the domain's name servers are Cloudflare's. It says: %s", detail)
	case acme.ProblemTypeServerInternal:
		return say(setup.CodeUnavailable, "The certificate authority has trouble of its own. It is tried again. It says: %s", detail)
	}
	return say(setup.CodeRefused, "The certificate authority refused. It says: %s", detail)
}

const longestDetail = 300 // characters

// clip makes a text from outside fit into a message.
func clip(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > longestDetail {
		return string(r[:longestDetail]) + "…"
	}
	return s
}
