package sim

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
)

// hands are the devices that the control API gave out, by id less one.
type hands struct {
	mu   sync.Mutex
	held []*Device
}

func (h *hands) take(d *Device) (id int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.held = append(h.held, d)
	return len(h.held)
}

func (h *hands) device(id string) *Device {
	n, err := strconv.Atoi(id)
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil || n < 1 || n > len(h.held) {
		return nil
	}
	return h.held[n-1]
}

// toldDevice is a device as the control API gives it out.
type toldDevice struct {
	ID           int    `json:"id"`
	Registration string `json:"registration,omitempty"`
	Proxy        string `json:"proxy"` // for a browser
}

// giveDevice enrols a device of the person with an e-mail address, or gives one
// that is not enrolled, and lets a browser use it.
func (c *Cloud) giveDevice(w http.ResponseWriter, r *http.Request) {
	var in struct{ Account, Email, Name, System string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&in); err != nil && !errors.Is(err, io.EOF) {
		deny(w, http.StatusBadRequest, fmt.Errorf(`write {"email": "ann@example.org"}, or {} for a device that is not enrolled: %w`, err))
		return
	}
	account := cmp.Or(in.Account, c.Basics().AccountID)
	d := c.Device(account, "")
	if in.Email != "" {
		var err error
		if d, err = c.Enrol(account, Enrolment{Email: in.Email, Name: in.Name, System: in.System}); err != nil {
			deny(w, http.StatusConflict, err)
			return
		}
	}
	proxy, err := c.serveProxy(d)
	if err != nil {
		deny(w, http.StatusInternalServerError, err)
		return
	}
	tell(w, http.StatusCreated, toldDevice{ID: c.hands.take(d), Registration: d.Registration(), Proxy: proxy})
}

// logInDevice logs the person of a device in to an Access application.
func (c *Cloud) logInDevice(w http.ResponseWriter, r *http.Request) {
	d := c.hands.device(r.PathValue("id"))
	if d == nil {
		deny(w, http.StatusNotFound, fmt.Errorf("no device has the id %q: POST /devices gives one", r.PathValue("id")))
		return
	}
	if err := d.LogIn(r.PathValue("app")); err != nil {
		deny(w, http.StatusConflict, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
