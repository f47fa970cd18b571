package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
)

// controlDoors are the operations of the control API, as its errors list them.
const controlDoors = "GET, POST and DELETE /faults, DELETE /faults/{id}, GET /breakages, POST and DELETE /breakages/{id}, POST /devices, POST /devices/{id}/logins/{app}, PUT /token, GET /mails, GET /state"

// Control is the API for making things go wrong while the Cloud runs, for
// holding people's devices, and for looking at all of it. It asks for no token and shows every secret, so it
// answers this machine alone, and no page that a browser shows.
func (c *Cloud) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /faults", c.listFaults)
	mux.HandleFunc("POST /faults", c.addFault)
	mux.HandleFunc("DELETE /faults", func(w http.ResponseWriter, _ *http.Request) {
		c.Heal()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("DELETE /faults/{id}", c.removeFault)
	mux.HandleFunc("GET /breakages", func(w http.ResponseWriter, _ *http.Request) { tell(w, http.StatusOK, c.breakages()) })
	mux.HandleFunc("POST /breakages/{id}", c.onBreakage(c.Break))
	mux.HandleFunc("DELETE /breakages/{id}", c.onBreakage(c.Mend))
	mux.HandleFunc("POST /devices", c.giveDevice)
	mux.HandleFunc("POST /devices/{id}/logins/{app}", c.logInDevice)
	mux.HandleFunc("GET /mails", func(w http.ResponseWriter, _ *http.Request) {
		tell(w, http.StatusOK, orEmpty(c.Mails(c.Basics().AccountID)))
	})
	mux.HandleFunc("PUT /token", c.setToken)
	mux.HandleFunc("GET /state", c.showState)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		deny(w, http.StatusNotFound, fmt.Errorf("there is no %s %s; there is %s", r.Method, r.URL.Path, controlDoors))
	})
	return ownMachine(http.NewCrossOriginProtection().Handler(mux))
}

// ownMachine refuses who comes from elsewhere, and who calls this machine by
// another name, as a page does whose name was made to lead here.
func ownMachine(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil || !from.Addr().Unmap().IsLoopback() || !namesLoopback(r.Host) {
			deny(w, http.StatusForbidden, errors.New("the control API is for this machine alone: call it by 127.0.0.1 or localhost"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func namesLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// toldFault is a fault as the control API shows it.
type toldFault struct {
	ID      int    `json:"id"`
	Fault   string `json:"fault"` // the line that ParseFault reads
	Matched int    `json:"matched"`
	Struck  int    `json:"struck"`
}

func (c *Cloud) listFaults(w http.ResponseWriter, _ *http.Request) {
	all := []toldFault{}
	for _, f := range c.Faults() {
		all = append(all, toldFault{f.ID, f.String(), f.Matched, f.Struck})
	}
	tell(w, http.StatusOK, all)
}

func (c *Cloud) addFault(w http.ResponseWriter, r *http.Request) {
	var in struct{ Fault string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&in); err != nil {
		deny(w, http.StatusBadRequest, fmt.Errorf(`write {"fault": "GET /zones status 502"}: %w`, err))
		return
	}
	f, err := ParseFault(in.Fault)
	if err != nil {
		deny(w, http.StatusBadRequest, err)
		return
	}
	tell(w, http.StatusCreated, toldFault{ID: c.Inject(f), Fault: f.String()})
}

func (c *Cloud) removeFault(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || !c.HealFault(id) {
		deny(w, http.StatusNotFound, fmt.Errorf("no fault has the id %q: GET /faults lists them", r.PathValue("id")))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// toldBreakage is a breakage and whether it is broken now.
type toldBreakage struct {
	Breakage
	Broken bool `json:"broken"`
}

func (c *Cloud) breakages() (all []toldBreakage) {
	now := c.Broken()
	for _, b := range Breakages() {
		all = append(all, toldBreakage{b, slices.Contains(now, b.ID)})
	}
	return all
}

// onBreakage does something with the breakage that the path names and shows it.
func (c *Cloud) onBreakage(do func(id string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		b, err := BreakageNamed(r.PathValue("id"))
		if err != nil {
			deny(w, http.StatusNotFound, err)
			return
		}
		if err := do(b.ID); err != nil {
			deny(w, http.StatusConflict, err)
			return
		}
		tell(w, http.StatusOK, toldBreakage{b, slices.Contains(c.Broken(), b.ID)})
	}
}

// setToken gives the token that is there at first other permissions, as its
// owner can in the dashboard.
func (c *Cloud) setToken(w http.ResponseWriter, r *http.Request) {
	var in struct{ Permissions []string }
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&in)
	unknown := slices.IndexFunc(in.Permissions, func(name string) bool { return !isGroup(name) })
	switch {
	case err == nil && len(in.Permissions) == 0:
		err = errors.New("there is none")
	case err == nil && unknown >= 0:
		err = fmt.Errorf("%q is none", in.Permissions[unknown])
	}
	if err != nil {
		deny(w, http.StatusBadRequest, fmt.Errorf(`write {"permissions": ["Zone Read", "DNS Write"]}, as the API names them: %w`, err))
		return
	}
	if !c.SetToken(c.Basics().Token, "active", in.Permissions...) {
		deny(w, http.StatusConflict, errors.New("the token is gone"))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func isGroup(name string) bool {
	return slices.ContainsFunc(permissions(), func(p permission) bool { return slices.Contains(p.groups(), name) })
}

func (c *Cloud) showState(w http.ResponseWriter, _ *http.Request) {
	text, err := c.Snapshot()
	if err != nil {
		deny(w, http.StatusInternalServerError, err)
		return
	}
	tell(w, http.StatusOK, json.RawMessage(text))
}

func tell(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a caller who went away needs no answer
}

func deny(w http.ResponseWriter, status int, err error) {
	tell(w, status, map[string]string{"error": err.Error()})
}
