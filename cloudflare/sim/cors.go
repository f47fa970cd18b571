package sim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// corsSettings are an application's answers to preflight requests.
type corsSettings struct {
	AllOrigins  bool     `json:"allow_all_origins"`
	AllMethods  bool     `json:"allow_all_methods"`
	AllHeaders  bool     `json:"allow_all_headers"`
	Origins     []string `json:"allowed_origins"`
	Methods     []string `json:"allowed_methods"`
	Headers     []string `json:"allowed_headers"`
	Credentials bool     `json:"allow_credentials"`
	MaxAge      float64  `json:"max_age"`
}

// preflight answers a browser that asks whether it may send a request from
// another site. It has no cookie with it, so that Access refuses it, logged in
// or not, unless the application answers it or lets the origin do so ("CORS,
// Allow preflighted requests"). Settled is false where it is no such request.
func (c *Cloud) preflight(a *account, app *app, v *visit) (answered step, settled bool) {
	if v.Method != http.MethodOptions {
		return nil, false
	}
	if app.is("options_preflight_bypass") {
		return nil, true
	}
	if v.Header.Get("Origin") == "" || v.Header.Get("Access-Control-Request-Method") == "" {
		return nil, false
	}
	var s *corsSettings
	if json.Unmarshal(app.Settings["cors_headers"], &s) != nil || s == nil || !s.allows(v.Header.Get("Origin")) {
		return forbidden("preflight requests carry no session"), true
	}
	return s.answer, true
}

func (s *corsSettings) allows(origin string) bool {
	return s.AllOrigins || slices.Contains(s.Origins, "*") || slices.Contains(s.Origins, origin)
}

func (s *corsSettings) answer(w http.ResponseWriter, v *visit) {
	methods, headers := strings.Join(s.Methods, ", "), strings.Join(s.Headers, ", ")
	if s.AllMethods {
		methods = v.Header.Get("Access-Control-Request-Method")
	}
	if s.AllHeaders {
		headers = v.Header.Get("Access-Control-Request-Headers")
	}
	h := w.Header()
	h.Set("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
	h.Set("Access-Control-Allow-Origin", v.Header.Get("Origin"))
	h.Set("Access-Control-Allow-Methods", methods)
	if headers != "" {
		h.Set("Access-Control-Allow-Headers", headers)
	}
	if s.Credentials {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	if s.MaxAge > 0 {
		h.Set("Access-Control-Max-Age", strconv.Itoa(int(s.MaxAge)))
	}
	stamp(w, v)
	w.WriteHeader(http.StatusOK)
}
