package setup

import "time"

// Enrolment is the application through which people add their devices to the
// account (Access application of type warp, "Warp Login App"). An account has at
// most one. Session is how long an enrolment counts; it lasts at least as long
// as the app's logins, or devices would drop out in between.
//
// Absent: it is made, with the session and without any policy, so that nobody
// can enrol through it yet. It exists: only session_duration is changed, every
// other field is sent back as it was read. Its ID is the application's. It is
// never shown as a KindApp. Enrolment and EnrolmentRule share one footprint.
type Enrolment struct {
	Session string `json:"session"` // 24h
}

func (Enrolment) Kind() Kind                 { return KindEnrolment }
func (e Enrolment) mapIDs(func(ID) ID) State { return e }
func (Enrolment) occupies() []string         { return []string{"the enrolment of devices"} }

// met: a session that is longer than asked stays.
func (e Enrolment) met(have State) bool {
	h, ok := have.(Enrolment)
	return ok && !shorter(h.Session, e.Session)
}

func (e Enrolment) over(have State) State {
	if old, ok := have.(Enrolment); ok && shorter(e.Session, old.Session) {
		return old
	}
	return e
}

// shorter compares two durations as Cloudflare writes them. What is no duration
// counts as none at all.
func shorter(a, b string) bool { return duration(a) < duration(b) }

func duration(s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0
	}
	return d
}

// EnrolmentRule is one policy of the enrolment application: whom it lets add a
// device. The policies of others stay as they are, and so does their order.
//
// A Port shows one object for each policy that is attached, ours or not, with
// the policy's id as ID. Create attaches the policy behind the others, Delete
// detaches it; the policy itself stays.
type EnrolmentRule struct {
	App    ID `json:"app"`
	Policy ID `json:"policy"`
}

func (EnrolmentRule) Kind() Kind { return KindEnrolmentRule }
func (e EnrolmentRule) mapIDs(f func(ID) ID) State {
	e.App, e.Policy = f(e.App), f(e.Policy)
	return e
}
func (e EnrolmentRule) occupies() []string {
	if e.Policy.Lit == "" {
		return nil // a policy that does not exist yet is attached nowhere
	}
	return []string{"policy " + e.Policy.Lit}
}
func (e EnrolmentRule) met(have State) bool { return Same(e, have) }
func (e EnrolmentRule) over(State) State    { return e }
