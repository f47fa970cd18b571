package journey

import (
	"time"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/setup"
)

// Stage is a stop on the way, as the rail of the wizard shows it.
type Stage string

// Stages in order.
const (
	StageLook    Stage = "look"
	StageAnswers Stage = "answers"
	StageAccount Stage = "account"
	StageBuild   Stage = "build"
	StageProve   Stage = "prove"
	StageSwitch  Stage = "switch"
	StageClose   Stage = "close"
	StageDone    Stage = "done"
)

// Stages lists them in order.
func Stages() []Stage {
	return []Stage{StageLook, StageAnswers, StageAccount, StageBuild, StageProve, StageSwitch, StageClose, StageDone}
}

// Status says where a stage stands.
type Status string

// Statuses of a stage.
const (
	Waiting Status = "waiting" // for an earlier stage, or at a gate
	Ready   Status = "ready"
	Running Status = "running"
	Done    Status = "done"
	Changed Status = "changed outside"
	Failed  Status = "failed"
)

// StageState is one stop of the rail.
type StageState struct {
	Stage  Stage
	Status Status
	Note   string // one sentence; may be empty
}

// Candidate is an app on this server that a profile recognises, or that the
// operator may choose by hand.
type Candidate struct {
	Project found.Project
	Service found.Service
	Profile profile.Profile
	Stack   setup.Stack // with the files located; its zero fields could not be found
	// Problem says why this app cannot be taken as it is, for example a compose
	// file that does not parse. nil: it can.
	Problem *setup.Problem
}

// Before is how the app could be reached when it was first looked at. It is
// kept to compare with.
type Before struct {
	At       time.Time      `json:"at"`
	Exposure setup.Exposure `json:"exposure"` // of the published port
	Port     string         `json:"port"`     // as published: 0.0.0.0:8000
	Fronts   []string       `json:"fronts"`   // what else answers on 80 or 443 here
	// Admin says whether the administration pages answered anybody.
	Admin string `json:"admin"`
	// Webhooks are the platforms that the app's settings show to be in use.
	Webhooks []string `json:"webhooks,omitempty"`
	Settings []string `json:"settings"` // KEY=value of the settings that matter, as running
	Warnings []string `json:"warnings"` // what will not work as it is, in sentences
}

// Found is the answer to "look at my server".
type Found struct {
	At         time.Time
	Candidates []Candidate
	Others     []found.Project // projects that no profile recognises
	Problem    *setup.Problem  // Docker is not running, not permitted, …
}

// Draft is what was typed for a setup so far, as it was typed. It may be
// incomplete or wrong; nothing of it is ever lost.
type Draft struct {
	Project  string           `json:"project"`
	Service  string           `json:"service"`
	Profile  string           `json:"profile"`
	Stack    setup.Stack      `json:"stack"`
	Hostname string           `json:"hostname"`
	Zone     string           `json:"zone"`
	Emails   string           `json:"emails"`  // separated by lines, commas or spaces
	Domains  string           `json:"domains"` // the same
	Doors    []string         `json:"doors"`   // nil: not asked yet
	Own      []setup.OwnPath  `json:"own,omitempty"`
	Port     setup.PortChoice `json:"port"`
	Account  string           `json:"account"`
	ByHand   bool             `json:"by_hand,omitempty"` // the rule for callers that are no browsers
	Remedies []setup.Remedy   `json:"remedies,omitempty"`
	// AlertEmail is whom Cloudflare mails when nothing is connected to the tunnel.
	AlertEmail string               `json:"alert_email,omitempty"`
	Digests    map[string]string    `json:"digests,omitempty"` // of images that were decided for the operator
	Tunnel     string               `json:"tunnel,omitempty"`  // another name than the setup's
	Image      string               `json:"image,omitempty"`   // of the connector; empty: as decided
	Consents   []setup.GivenConsent `json:"consents,omitempty"`
	Answered   bool                 `json:"answered"` // the questions were sent at least once

	// Questions are those about the way in, Mode what was chosen after them.
	Questions setup.Questions `json:"questions,omitzero"`
	Mode      setup.Mode      `json:"mode,omitempty"` // empty: public
	Inside    profile.Inside  `json:"inside,omitzero"`
	Fixes     []string        `json:"fixes,omitempty"` // settings of the app to be set right
	Site      bool            `json:"site,omitempty"`  // the app's own record of its address, too
}

// Token is what is known of the API token. The token itself never leaves the
// store.
type Token struct {
	Held    bool               // there is one
	Given   bool               // by the environment; it is not stored
	Report  *setup.TokenReport // nil: not checked yet
	Checked time.Time
	Link    string             // to the dashboard's prefilled page
	Needs   []setup.Permission // what this mode asks for
	// Practice is the token of the rehearsal's account, to be pasted like a real
	// one. It is no secret; empty outside of the rehearsal.
	Practice string
}

// Overview is everything that a page about one setup shows.
type Overview struct {
	Setup     setup.SetupID
	Rehearsal bool
	Version   string // of Culvert
	Stages    []StageState
	Profile   profile.Profile
	Candidate *Candidate // the chosen app as it is now; nil: none chosen or it is gone
	Before    *Before
	Draft     Draft
	Errors    []setup.FieldError // of the draft; empty until it was answered
	Answers   *setup.Answers     // the draft worked in; nil while it has errors
	Approved  *setup.Answers     // what was last agreed to; nil: nothing yet
	Token     Token
	Modes     []setup.Mode // the ways in that can be chosen
	Devices   Devices      // as far as they are known; nothing is read for it
	Authority string       // the server that issues certificates by ACME; empty: Let's Encrypt's

	Plan        *setup.Plan // nil: not made yet, or not possible yet
	PlanAt      time.Time
	PlanProblem *setup.Problem
	Beside      []setup.Member // what runs in the app's own network; nil: not looked at

	Run      *setup.Run // the newest; nil: none
	Changes  []setup.RunChange
	Evidence []setup.Evidence // newest per check, only checks that still count
	TornDown bool
	Stands   Brief     // the same as the status page has it
	Welcome  *Welcome  // for colleagues; nil: they come in by no private name
	Routes   *Reviewed // nil: the app's addresses were not read yet
}

// Stage gives the state of one stage.
func (o Overview) Stage(s Stage) StageState {
	for _, st := range o.Stages {
		if st.Stage == s {
			return st
		}
	}
	return StageState{Stage: s, Status: Waiting}
}

// NoPlainLogin says that nobody will be able to log in at the private name as it
// was chosen, or that this cannot be told; empty: people can, or nothing was chosen
// to which it applies.
func (o Overview) NoPlainLogin() string {
	if !o.Draft.Mode.Private() || o.Draft.Inside.Front != profile.NoFront {
		return ""
	}
	address := "the private name"
	if a := o.Answers; a != nil && a.Private != nil {
		address = a.PrivateAddress()
	}
	var running map[string]string
	if o.Candidate != nil {
		running = o.Candidate.Service.Env
	}
	return o.Profile.NoPlainLogin(address, running, o.Draft.Fixes)
}

// Busy says whether a run is under way.
func (o Overview) Busy() bool { return o.Run != nil && !o.Run.State.Over() }

// Summary is one setup in the list of all.
type Summary struct {
	Setup    setup.SetupID
	Hostname string
	At       Stage // where to go on
	Status   Status
	Stands   Brief
}
