package setup

// This file holds the switches of a whole domain that stop webhooks although
// every door is open. Scope is the zone's name, ID the zone's. They are changed
// only where the operator asked for it (Remedy).

// BotFight says whether Bot Fight Mode is on. It challenges whom it takes for a
// machine, and no rule lifts it for some paths. (Cloudflare docs, Bot Fight
// Mode, Limitations.)
type BotFight struct {
	On bool `json:"on"`
	// Super: the plan has Super Bot Fight Mode in its place, and that stops
	// machines. How it is set up is left alone: a custom rule keeps webhooks from
	// it (SkipRule).
	Super bool `json:"-"`
}

// Kind is that of the switch.
func (BotFight) Kind() Kind                 { return KindBotFight }
func (b BotFight) mapIDs(func(ID) ID) State { return b }
func (BotFight) occupies() []string         { return []string{"Bot Fight Mode"} }
func (b BotFight) met(have State) bool      { return Same(b, have) }
func (b BotFight) over(State) State         { return b }

// UnderAttack is the security level that challenges everybody. The others
// challenge nobody without a reason.
const (
	UnderAttack = "under_attack"
	levelUsual  = "medium"
)

// SecurityLevel is how a domain meets its visitors. A configuration rule lifts it
// for some paths.
type SecurityLevel struct {
	Level string `json:"level"`
	// BrowserCheck: Browser Integrity Check is on. It is the standard, and a
	// configuration rule lifts it.
	BrowserCheck bool `json:"-"`
}

// Kind is that of the setting.
func (SecurityLevel) Kind() Kind                 { return KindSecurityLevel }
func (l SecurityLevel) mapIDs(func(ID) ID) State { return l }
func (SecurityLevel) occupies() []string         { return []string{"security level"} }
func (l SecurityLevel) over(State) State         { return l }

// met: any level will do that does not challenge everybody.
func (l SecurityLevel) met(have State) bool {
	h, ok := have.(SecurityLevel)
	return ok && (l.Level == h.Level || l.Level != UnderAttack && h.Level != UnderAttack)
}

// ZonePause says whether Cloudflare is paused for a domain: then its names lead
// past it, where a tunnel cannot be reached.
type ZonePause struct {
	Paused bool `json:"paused"`
}

// Kind is that of the switch.
func (ZonePause) Kind() Kind                 { return KindZonePause }
func (p ZonePause) mapIDs(func(ID) ID) State { return p }
func (ZonePause) occupies() []string         { return []string{"pause"} }
func (p ZonePause) met(have State) bool      { return Same(p, have) }
func (p ZonePause) over(State) State         { return p }
