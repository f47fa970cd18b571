package setup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Port is one side of the world: a Cloudflare account, a Docker host, the
// operator's project folder, or a simulation of one of them.
type Port interface {
	// Observe reads what the view asks for and this Port knows of. It changes
	// nothing. A read that failed is in the world's Unread; the error is for
	// what makes the whole answer useless.
	Observe(context.Context, View) (World, error)
	// Do makes one call. Entry.From is its precondition: what no longer stands
	// so is left alone and its outcome is a Problem with CodeChanged. The
	// outcomes are in the order of the entries; the error is for a call whose
	// effect is not known.
	Do(context.Context, Call) ([]Outcome, error)
}

// View says what to look at: everything that the setups in question touch.
type View struct {
	Account string
	Zones   []string // domains
	Hosts   []string // public hostnames
	Stacks  []Stack
	// Private: look at the kinds of the private modes as well (Kind.Private). Of
	// the account that is everything there is of its routes, virtual networks,
	// device profiles, DNS locations and enrolment, and the answers to:
	Private  bool
	Profiles []string // for each of these device profiles: "default", or an id
	Networks []string // is this range, canonical or ResolvedRange, sent through WARP
	Names    []string // and who is asked for this private name
	Lookups  []Lookup // and which route Cloudflare takes
	// Certificates are those that should be there, as they are wanted; one that is
	// not Valid is of earlier answers, and only looked at.
	Certificates []Certificate
	Replaces     []Service // hand-made services that are replaced
	// Also are kinds that are looked at only when they are asked for.
	Also []Kind
	// Kinds narrows the look to some kinds; empty: every kind. A Port may show
	// more than it was asked for.
	Kinds []Kind
}

// Asks says whether a view asks for a kind.
func (v View) Asks(k Kind) bool {
	return (v.Private || !k.Private()) && (!k.aside() || slices.Contains(v.Also, k)) && (len(v.Kinds) == 0 || slices.Contains(v.Kinds, k))
}

// Stack is a Compose app on this host, as its containers' labels tell.
type Stack struct {
	Project  string   `json:"project"`
	Dir      string   `json:"dir"`
	Files    []string `json:"files"`               // compose files, absolute
	EnvFiles []string `json:"env_files,omitempty"` // --env-file, absolute
	Service  string   `json:"service"`
	Target   int      `json:"target"`  // the port on which the app listens
	Network  string   `json:"network"` // which the connector joins

	ComposeFile      string   `json:"compose_file"`      // where the port is published
	EnvFile          string   `json:"env_file"`          // where settings are written
	Settings         []string `json:"settings"`          // keys of interest
	ConnectorFile    string   `json:"connector_file"`    // compose file of cloudflared
	ConnectorProject string   `json:"connector_project"` // its project name

	// PrivateNetwork is the name of Culvert's own Docker network, FrontDir the
	// folder of the front; both for private modes only.
	PrivateNetwork string `json:"private_network,omitempty"`
	FrontDir       string `json:"front_dir,omitempty"`
	// Site reads and writes the app's own record of its address; nil: it has none.
	Site *SiteCommand `json:"site,omitempty"`
}

// Call is one call to a Port. All entries share one footprint: one API object,
// one shared document, one file, one service.
type Call struct {
	Footprint string
	Entries   []Entry
}

// Entry is one change with its references bound.
type Entry struct {
	Key  Key
	Verb Verb
	ID   string // of the object to change; empty on create
	From State
	To   State // nil on delete
	Mark string
	Drop bool // toward absence, or what stood before us (Change.Drop)
}

// Outcome is what became of one entry.
type Outcome struct {
	ID    string
	State State // as it stands now, read back; nil if gone
	Err   *Problem
	// Downtime is how long the app did not answer because of the change, as
	// measured; zero if it was not touched.
	Downtime time.Duration
}

// Code sorts problems by what can be done about them.
type Code string

// Codes of problems.
const (
	CodeDenied       Code = "denied"       // the token or user lacks a permission
	CodeElsewhere    Code = "elsewhere"    // the token is for another account or domain
	CodeUnauthorized Code = "unauthorized" // the token is not valid
	CodeNoToken      Code = "no-token"     // there is none
	CodeNotEnabled   Code = "not-enabled"  // Zero Trust is not switched on
	CodeNotFound     Code = "not-found"
	CodeConflict     Code = "conflict" // something else has the name
	CodeChanged      Code = "changed"  // it is no longer as it was shown
	CodeInUse        Code = "in-use"   // others hang on it
	CodeInvalid      Code = "invalid"  // the request makes no sense to them
	CodeRefused      Code = "refused"  // we decline to do it; Message says why
	CodeByApp        Code = "by-app"   // the app refuses by its own settings; no waiting changes that
	CodeRateLimited  Code = "rate-limited"
	CodeUnavailable  Code = "unavailable" // not reachable, 5xx, time-out
	CodeInternal     Code = "internal"
)

// Problem is an error with what a person needs: what is wrong and the way out.
// The cause stays inside and goes to the log only.
type Problem struct {
	Code       Code          `json:"code"`
	Message    string        `json:"message"`
	Permission string        `json:"permission,omitempty"` // the missing one, as the dashboard names it
	RetryAfter time.Duration `json:"retry_after,omitempty"`
	Cause      error         `json:"-"`
}

func (p *Problem) Error() string {
	if p.Cause != nil {
		return fmt.Sprintf("%s: %v", p.Message, p.Cause)
	}
	return p.Message
}

func (p *Problem) Unwrap() error { return p.Cause }

// Retryable says whether the same call may succeed a little later.
func (p *Problem) Retryable() bool {
	return p.Code == CodeRateLimited || p.Code == CodeUnavailable
}

// AsProblem gives the problem inside an error, or wraps what has none.
func AsProblem(err error) *Problem {
	if err == nil {
		return nil
	}
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	code := CodeInternal
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		code = CodeUnavailable
	}
	return &Problem{Code: code, Message: "Something went wrong inside Culvert; its log says more.", Cause: err}
}
