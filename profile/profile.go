package profile

// Profile describes one app.
type Profile struct {
	ID        string    `yaml:"id"`
	Name      string    `yaml:"name"`
	Source    string    `yaml:"source"`  // where its facts were read
	Service   string    `yaml:"service"` // of the compose file, the one that answers HTTP
	Port      Port      `yaml:"port"`
	Recognise Recognise `yaml:"recognise"`
	Env       Env       `yaml:"env"`
	Health    Health    `yaml:"health"`
	Login     Login     `yaml:"login"`
	Site      *Site     `yaml:"site"` // nil: it has none, or nobody knows how to change it
	Doors     []Door    `yaml:"doors"`
	Controls  []Control `yaml:"controls"`
	Never     []Never   `yaml:"never"`
	Closed    []Closed  `yaml:"closed"`
	Guide     []Row     `yaml:"guide"`
	Routes    Routes    `yaml:"routes"`
}

// Port is the port on which the app listens inside its container.
type Port struct {
	Default  int    `yaml:"default"`
	Variable string `yaml:"variable"` // of the env file that changes it
	From     string `yaml:"from"`     // the text of the compose file that says so
}

// Recognise holds what tells that a container runs this app. Each is a text
// that the image, the command or the service's name contains.
type Recognise struct {
	Images   []string `yaml:"images"`
	Commands []string `yaml:"commands"`
	Services []string `yaml:"services"` // names seen beside the web service
}

// Env says where and how the app is told its public host.
type Env struct {
	Files  []string  `yaml:"files"` // in order of preference
	Lists  []List    `yaml:"lists"`
	Report []Setting `yaml:"report"`
}

// List is a setting that holds a list of values separated by commas.
type List struct {
	Name string `yaml:"name"`
	Item string `yaml:"item"` // {host} stands for the public hostname
	Why  string `yaml:"why"`
}

// Setting is looked at and reported. It is changed only if the operator says so
// and there is a value that suits every setup.
type Setting struct {
	Name  string `yaml:"name"`
	Want  string `yaml:"want"`
	Why   string `yaml:"why"`
	Value string `yaml:"value"`
	// Effect is what the value changes for people and programs, for the operator
	// to read before they say so.
	Effect []string `yaml:"effect"`
	// NoPlainLogin are values with which nobody logs in over plain http, PlainLogin
	// those with which people do; an empty one stands for no value. Of others that is
	// not known.
	NoPlainLogin []string `yaml:"no_plain_login"`
	PlainLogin   []string `yaml:"plain_login"`
}

// Site is the app's own record of its address, in its database.
type Site struct {
	Why    string   `yaml:"why"`
	Effect []string `yaml:"effect"` // what another address changes
	After  string   `yaml:"after"`  // what is left to do by hand
	Read   []string `yaml:"read"`
	Write  []string `yaml:"write"` // {domain} stands for the address
	// Register tells platforms the address anew; nil: nobody knows how.
	Register *Register `yaml:"register"`
}

func (s *Site) registering() *Register {
	if s == nil {
		return nil
	}
	return s.Register
}

// Register is how the app tells platforms anew at which address to call it.
// Commands run in the app's container.
type Register struct {
	Why    string   `yaml:"why"`
	Effect []string `yaml:"effect"` // what it changes for channels that work now
	Teams  []string `yaml:"teams"`  // prints whose channels there are, one a line
	Run    []string `yaml:"run"`    // {team} stands for one of them
}

// Health is the app's own status page. It stays behind the login.
type Health struct {
	Path string `yaml:"path"`
	Why  string `yaml:"why"`
}

// Login is the app's login page. Sent with empty fields, its form comes back and
// no failed login is counted.
type Login struct {
	Path   string   `yaml:"path"` // empty: nobody knows it
	Token  string   `yaml:"token"`
	Fields []string `yaml:"fields"`
	Why    string   `yaml:"why"`
}

// Door is one platform that has to reach the app without a login.
type Door struct {
	ID       string `yaml:"id"`
	Name     string `yaml:"name"`
	Platform string `yaml:"platform"`
	Default  bool   `yaml:"default"` // open unless the operator says otherwise
	Why      string `yaml:"why"`     // why it is, or is not, open by default
	Verified string `yaml:"verified"`
	Paths    []Path `yaml:"paths"`
	// Destinations are paths as an Access application takes them.
	Destinations []string `yaml:"destinations"`
	// Ingress are regular expressions as the tunnel takes them.
	Ingress  []string `yaml:"ingress"`
	Siblings []string `yaml:"siblings"` // close to the door, and locked
	// Signs are keys of the app's environment that have a value only where the
	// platform is in use.
	Signs []string `yaml:"signs"`
	// Secrets are keys of the app's environment by which it verifies callers. It
	// does not where they have no value.
	Secrets []string `yaml:"secrets"`
	Probes  []Probe  `yaml:"probes"`
}

// Path is a path that the app serves.
type Path struct {
	Path    string   `yaml:"path"` // with names in angle brackets, for people
	Methods []string `yaml:"methods"`
	Sample  string   `yaml:"sample"` // with ids that do not exist
	// Unrouted: a layer before the app's routes serves it, as for static files,
	// so the routes do not tell of it.
	Unrouted bool `yaml:"unrouted"`
}

// Probe is a request without signature that does no harm, and what the app
// says to it.
type Probe struct {
	Name        string `yaml:"name"` // if the door has several
	Method      string `yaml:"method"`
	Path        string `yaml:"path"`
	NoUserAgent bool   `yaml:"no_user_agent"`
	Metadata    bool   `yaml:"metadata"`
	Sparing     bool   `yaml:"-"` // of own paths: callers use the very request
	Status      int    `yaml:"status"`
	Allow       string `yaml:"allow"`
	Body        string `yaml:"body"`
}

// Control is a path that must stay behind the login in every setup.
type Control struct {
	ID   string `yaml:"id"`
	Name string `yaml:"name"`
	Path string `yaml:"path"`
}

// Never is a pattern that no door may be as wide as.
type Never struct {
	Pattern string `yaml:"pattern"`
	Witness string `yaml:"witness"` // a page that it would open
	Why     string `yaml:"why"`
}

// Closed is something that the app serves and that gets no door.
type Closed struct {
	Path     string   `yaml:"path"`     // for people
	Patterns []string `yaml:"patterns"` // * stands for any text, + for one without a slash
	Why      string   `yaml:"why"`
	// Single: one path of it at a time may be opened by an operator who knows
	// what calls it. Otherwise nothing of it may.
	Single bool `yaml:"single"`
}

// Routes says how the addresses of the running app can be read.
type Routes struct {
	Reader   string `yaml:"reader"`   // django; empty: they cannot
	Settings string `yaml:"settings"` // the settings module where the container names none
}

// Verdict says how a row of the guide compares with the app.
type Verdict string

// Verdicts on a row of the guide.
const (
	VerdictRight    Verdict = "right"    // it reaches all that the platform needs
	VerdictPartial  Verdict = "partial"  // it reaches some
	VerdictWrong    Verdict = "wrong"    // it reaches nothing that the platform needs
	VerdictUnneeded Verdict = "unneeded" // it works and nothing needs it
)

// Row is one row of the guide's table of paths, with the door that does what
// the row set out to do.
type Row struct {
	Path     string  `yaml:"path"`
	Platform string  `yaml:"platform"`
	Verdict  Verdict `yaml:"verdict"`
	Door     string  `yaml:"door"`
	Why      string  `yaml:"why"`
	Source   string  `yaml:"source"`
}

// Door gives the door with an id.
func (p Profile) Door(id string) (Door, bool) {
	for _, d := range p.Doors {
		if d.ID == id {
			return d, true
		}
	}
	return Door{}, false
}

// GuideRows gives the rows of the guide that a door stands for.
func (p Profile) GuideRows(door string) []Row {
	var rows []Row
	for _, r := range p.Guide {
		if r.Door == door {
			rows = append(rows, r)
		}
	}
	return rows
}
