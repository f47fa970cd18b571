package config

import (
	"path/filepath"
	"slices"

	"github.com/culvert/culvert/profile"
	"github.com/culvert/culvert/setup"
)

// File is the content of a culvert.yaml.
type File struct {
	App           string   // id of the app's profile
	Name          string   // of the setup; empty: that of the app
	ProjectFolder string   // empty: where the running app was started
	ComposeFiles  []string // empty: those that the running app was started with
	EnvFile       string   // empty: the one that the app's profile prefers
	Service       string   // empty: as the profile says
	Port          int      // on which the app listens; 0: as the profile says
	Hostname      string
	Zone          string
	Account       string // empty: the only one that the token sees
	Emails        []string
	Domains       []string
	Webhooks      []string // nil: those that the profile opens by default
	Own           []setup.OwnPath
	PublishedPort setup.PortChoice
	EdgeByHand    bool // the operator makes the rule for callers that are no browsers
	// Remedies are the further changes at Cloudflare's edge; nil: those that were
	// agreed to.
	Remedies []setup.Remedy
	// AlertEmail is whom Cloudflare mails when nothing is connected to the tunnel;
	// empty: as was chosen on the page; Nobody: nobody.
	AlertEmail string
	Tunnel     string // name of the tunnel; empty: that of the setup
	Image      string // of the connector; empty: as decided for you

	Mode   setup.Mode // empty: public
	Inside profile.Inside
	Fixes  []string // settings of the app that are set right
	Site   bool     // the app's own record of its address is the hostname

	lines map[string]int // of the keys, as they were read
}

// Line is the line on which a key stands; 0 if the file does not have it.
func (f File) Line(key string) int { return f.lines[key] }

// Nobody is what alert_email says if no mail is wanted.
const Nobody = "none"

// Choices are what the file says about a stack that was found on the host, or
// about none (the zero Stack).
func (f File) Choices(found setup.Stack) profile.Choices {
	return profile.Choices{
		Setup:    setup.SetupID(f.Name),
		Account:  f.Account,
		Zone:     f.Zone,
		Hostname: f.Hostname,
		Emails:   slices.Clone(f.Emails),
		Domains:  slices.Clone(f.Domains),
		Doors:    slices.Clone(f.Webhooks),
		Own:      slices.Clone(f.Own),
		Port:     f.PublishedPort,
		ByHand:   f.EdgeByHand,
		Remedies: slices.Clone(f.Remedies),
		Alert:    f.alert(),
		Tunnel:   f.Tunnel,
		Image:    f.Image,
		Stack:    f.stack(found),
		Mode:     f.Mode,
		Inside:   f.Inside,
		Fixes:    slices.Clone(f.Fixes),
		Site:     f.Site,
	}
}

func (f File) alert() string {
	if f.AlertEmail == Nobody {
		return ""
	}
	return f.AlertEmail
}

// stack lays what the file says over what was found.
func (f File) stack(s setup.Stack) setup.Stack {
	if f.ProjectFolder != "" {
		s.Dir = f.ProjectFolder
	}
	if len(f.ComposeFiles) > 0 {
		s.Files = nil
		for _, name := range f.ComposeFiles {
			s.Files = append(s.Files, within(s.Dir, name))
		}
		s.ComposeFile = s.Files[0]
	}
	if f.EnvFile != "" {
		s.EnvFile = within(s.Dir, f.EnvFile)
	}
	if f.Service != "" {
		s.Service = f.Service
	}
	if f.Port != 0 {
		s.Target = f.Port
	}
	return s
}

func within(dir, name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(dir, name)
}

// FromAnswers writes down what a setup was told, so that the same can be had
// from the command line.
func FromAnswers(a setup.Answers) File {
	f := File{
		App:           a.Profile,
		Name:          string(a.Setup),
		ProjectFolder: a.Stack.Dir,
		EnvFile:       a.Stack.EnvFile,
		Service:       a.Stack.Service,
		Port:          a.Stack.Target,
		Hostname:      a.Hostname,
		Zone:          a.Zone,
		Account:       a.Account,
		Emails:        slices.Clone(a.Team.Emails),
		Domains:       slices.Clone(a.Team.Domains),
		ComposeFiles:  slices.Clone(a.Stack.Files),
		Webhooks:      []string{},
		Own:           slices.Clone(a.Own),
		PublishedPort: a.Port,
		EdgeByHand:    a.EdgeByHand,
		Remedies:      slices.Clone(a.Remedies),
		AlertEmail:    a.AlertEmail,
		Tunnel:        a.Tunnel,
		Image:         a.Image,
	}
	if a.Mode.Private() {
		f.Mode, f.Inside = a.Mode, profile.InsideOf(a)
	}
	f.Fixes, f.Site = profile.FixesOf(a), a.Site != ""
	for _, d := range profile.Known(a) {
		f.Webhooks = append(f.Webhooks, d.ID)
	}
	return f
}
