package app

import (
	"encoding/json"
	"regexp"
	"slices"
)

// address is one line of the app's URL configuration.
type address struct {
	Path    string   `json:"path"`
	Regex   []string `json:"regex"` // from the leading slash on, which Django leaves out
	View    string   `json:"view"`
	Exempt  bool     `json:"exempt"`
	Methods []string `json:"methods"`
}

// addresses answers a script that asks the app for its addresses, and whether
// it serves the given paths.
func (p program) addresses(paths string) int {
	if _, err := p.settings(); err != nil {
		return p.fail(1, err)
	}
	var asked []string
	if err := json.Unmarshal([]byte(paths), &asked); err != nil {
		return p.fail(1, err)
	}
	programs := slices.Concat(channelRoutes(), apiRoutes())
	var all []address
	for i, r := range routes() {
		exempt := i < len(programs) && (r.allow != "" && r.allow != reading)
		all = append(all, address{Path: r.path, Regex: []string{"^" + r.path[1:] + "$"}, View: "app", Exempt: exempt, Methods: []string{}})
	}
	serves := map[string]bool{}
	for _, path := range asked {
		serves[path] = slices.ContainsFunc(all, func(a address) bool {
			return regexp.MustCompile("^/" + a.Regex[0][1:]).MatchString(path)
		})
	}
	said, err := json.Marshal(map[string]any{"routes": all, "serves": serves})
	if err != nil { // texts and truths
		return p.fail(1, err)
	}
	return p.say("", "routes:"+string(said))(nil)
}
