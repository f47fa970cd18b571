package sim

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// shield is everything that stands before Access: what the owner of the zone
// chose against bots and attacks. It gives the step that answers in the
// origin's place, or nil when the visit may go on.
//
// Configuration rules come first, as their phase does ("Phases list"). Bot
// Fight Mode is before the custom rules, which cannot skip it ("Bot Fight Mode,
// Limitations"). Browser Integrity Check and Security Level are behind them,
// because they can be skipped ("Available skip options"). So is Super Bot Fight
// Mode, the last of the phases for security ("Security features
// interoperability"). That Always Use HTTPS is before all of them is the
// simulator's reading, and so is the order of the last three.
func (c *Cloud) shield(owner *account, z *zone, v *visit) step {
	s := subject{host: v.host, path: v.path, agent: v.UserAgent()}
	p := z.Edge.postureFor(s)
	if p.httpsOnly && v.scheme == "http" {
		return toHTTPS
	}
	if v.path == solvePath {
		return c.solve(owner, z, p.passage, v)
	}
	solved := owner.cleared(v, z.Name, c.now())
	if p.fightsBots && !z.Paid && !solved && !v.looksLikeBrowser() {
		return challenged
	}
	action, skip := z.Edge.customRules(s)
	switch {
	case action == "block":
		return ruleBlocks
	case action != "" && !solved:
		return challenged
	case p.browserCheck && !skip.product("bic") && abused(s.agent):
		return c.browserRefused(s.agent)
	case p.underAttack && !skip.product("securityLevel") && !solved:
		return challenged
	case z.Paid && !skip.phase(botsPhase) && !v.looksLikeBrowser():
		return p.meetsMachine(solved)
	}
	return nil
}

// meetsMachine is what Super Bot Fight Mode does with a machine.
func (p posture) meetsMachine(solved bool) step {
	switch {
	case p.superBots == "block":
		return ruleBlocks
	case p.superBots == "managed_challenge" && !solved:
		return challenged
	}
	return nil
}

// botsPhase is the phase of Super Bot Fight Mode, as rules that skip it name it.
const botsPhase = "http_request_sbfm"

// postureFor is the posture with what configuration rules change of it; of
// several that change the same the last one counts.
func (e *zoneEdge) postureFor(s subject) posture {
	p := e.posture
	rules := e.Rulesets[configPhase]
	if rules == nil {
		return p
	}
	for _, r := range rules.Rules {
		if !r.Enabled || !r.matches(s) {
			continue
		}
		if r.config.BrowserCheck != nil {
			p.browserCheck = *r.config.BrowserCheck
		}
		if r.config.SecurityLevel != "" {
			p.underAttack = r.config.SecurityLevel == "under_attack"
		}
	}
	return p
}

// customRules gives the action that ends the visit, if one does, and what is
// skipped otherwise.
func (e *zoneEdge) customRules(s subject) (action string, skip skips) {
	rules := e.Rulesets[customPhase]
	if rules == nil {
		return "", skips{}
	}
	for _, r := range rules.Rules {
		switch {
		case !r.Enabled || !r.matches(s) || r.Action == "log":
		case r.Action == "skip":
			skip.Products = append(skip.Products, r.skip.Products...)
			skip.Phases = append(skip.Phases, r.skip.Phases...)
			if r.skip.Ruleset != "" || r.skip.Phase != "" {
				return "", skip
			}
		default:
			return r.Action, skip
		}
	}
	return "", skip
}

func (s skips) product(name string) bool { return slices.Contains(s.Products, name) }

func (s skips) phase(name string) bool { return slices.Contains(s.Phases, name) }

// looksLikeBrowser is the simulator's stand-in for how both Bot Fight Modes tell
// people from programs, which is Cloudflare's secret.
func (v *visit) looksLikeBrowser() bool {
	return strings.HasPrefix(v.UserAgent(), "Mozilla/5.0 ") && v.Header.Get("Accept-Language") != ""
}

// abused tells whether Browser Integrity Check minds a User-Agent: none at all,
// as documented, or one of programs that people reported it to refuse.
func abused(agent string) bool {
	return agent == "" || slices.ContainsFunc([]string{"Python-urllib/", "libwww-perl/"}, func(program string) bool {
		return strings.HasPrefix(agent, program)
	})
}

// browserRefused is Browser Integrity Check's refusal. The documentation says
// that it challenges who sends no User-Agent; reports are of error 1010.
func (c *Cloud) browserRefused(agent string) step {
	if agent == "" && c.o.Unsure.BrowserCheckChallenges {
		return challenged
	}
	return edgeError{code: 1010, status: http.StatusForbidden, name: "browser_signature_banned", title: "Access denied",
		detail: "The site owner has blocked access based on your browser's signature."}.answer
}

// ruleBlocks is the page of a custom rule that blocks.
func ruleBlocks(w http.ResponseWriter, v *visit) {
	e := edgeError{code: 1020, status: http.StatusForbidden, name: "access_denied", title: "Access denied",
		detail: "This website is using a security service to protect itself from online attacks."}
	if !strings.Contains(v.Header.Get("Accept"), "text/html") {
		e.answer(w, v)
		return
	}
	blockPage.write(w, v, http.StatusForbidden, map[string]string{"Host": v.host, "Ray": v.ray})
}

func toHTTPS(w http.ResponseWriter, v *visit) {
	to := url.URL{Scheme: "https", Host: v.host, Path: v.URL.Path, RawPath: v.URL.RawPath, RawQuery: v.URL.RawQuery}
	w.Header().Set("Location", to.String())
	html(w, v, http.StatusMovedPermanently, "301 Moved Permanently", "")
}
