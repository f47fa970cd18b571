package sim

import (
	"cmp"
	"errors"
	"time"
)

// Device is an enrolled device as a person holds it, or one that is not
// enrolled. It can be asked what it sees; everything about it is looked up anew
// each time.
type Device struct {
	cloud        *Cloud
	account      string
	registration string
}

// Errors of enrolling a device.
var (
	errNoTeam      = errors.New("there is no such Zero Trust team")
	errNoEnrolment = errors.New("the team has no device enrolment application: nobody can enrol a device")
)

// Enrol registers a device with a team, whose device enrolment application asks
// for a login by one-time PIN. Without an application, or without a policy in it
// that allows the person, nobody can ("Device enrolment permissions").
func (c *Cloud) Enrol(account string, e Enrolment) (*Device, error) {
	var id string
	var err error
	c.arrive()
	c.change(func(s *state) { id, err = c.enrol(s, account, e) })
	if err != nil {
		return nil, err
	}
	return c.Device(account, id), nil
}

// Device is the one with a registration, wherever that came from; with an empty
// one, a device that is not enrolled.
func (c *Cloud) Device(account, registration string) *Device {
	return &Device{c, account, registration}
}

// Registration is the id of the device's registration.
func (d *Device) Registration() string { return d.registration }

func (c *Cloud) enrol(s *state, id string, e Enrolment) (string, error) {
	a, ok := s.Accounts.get(id)
	if !ok || a.Org == nil {
		return "", errNoTeam
	}
	idp, err := c.mayEnrol(id, emailAddress(e.Email))
	if err != nil {
		return "", err
	}
	now := c.now()
	d := &device{ID: c.ids.uuid(), Name: cmp.Or(e.Name, "device"), System: cmp.Or(e.System, "linux"), Version: e.Version,
		Client: usualClient, CreatedAt: now, UpdatedAt: now, SeenAt: now}
	r := &registration{ID: c.ids.uuid(), DeviceID: d.ID, Email: emailAddress(e.Email), Groups: e.Groups, IDP: idp, UserID: a.userID(emailAddress(e.Email), &c.ids),
		Key: c.ids.secret(), IPv4: a.freeAddress(&c.ids), LoggedIn: now, CreatedAt: now, UpdatedAt: now, SeenAt: now}
	a.PhysicalDevices.put(d.ID, d)
	a.Registrations.put(r.ID, r)
	return r.ID, nil
}

// userID is the same for everything that one person enrols.
func (a *account) userID(email string, i *ids) string {
	for r := range a.Registrations.all() {
		if r.Email == email {
			return r.UserID
		}
	}
	return i.uuid()
}

// mayEnrol gives the login method by which a person may enrol a device, as far
// as the edge knows. The state must be locked.
func (c *Cloud) mayEnrol(account, email string) (idp string, err error) {
	a, ok := c.visible().Accounts.get(account)
	if !ok {
		return "", errNoTeam
	}
	for app := range a.Apps.all() {
		if app.Type != "warp" {
			continue
		}
		if _, err := c.login(a, app, email, visitor{}); err != nil {
			return "", err
		}
		return a.pinOf(app).ID, nil
	}
	return "", errNoEnrolment
}

// ErrNotEnrolled says that a device has no registration, or none any more.
var ErrNotEnrolled = errors.New("the device is not enrolled")

// LogIn logs the person of the device in to an Access application, as they are
// asked to by the client ("Authentication required").
func (d *Device) LogIn(app string) error {
	return d.update(func(a *account, r *registration) error {
		seen, ok := d.cloud.visible().Accounts.get(d.account)
		if !ok {
			return errNoTeam
		}
		wanted, ok := seen.Apps.get(app)
		if !ok {
			return errNoApp
		}
		session, err := d.cloud.login(seen, wanted, r.Email, visitor{})
		if err != nil {
			return err
		}
		sessions := map[string]string{app: session}
		for id, s := range r.Sessions {
			if _, there := a.Apps.get(id); there && id != app {
				sessions[id] = s
			}
		}
		r.Sessions = sessions
		return nil
	})
}

// Renew logs the person of the device in to the client again, which begins
// another session of the client ("Client sessions").
func (d *Device) Renew() error {
	return d.update(func(_ *account, r *registration) error {
		_, err := d.cloud.mayEnrol(d.account, r.Email)
		r.LoggedIn = d.cloud.now()
		return err
	})
}

// seenEvery is how often it is written down that a device was seen.
const seenEvery = time.Minute

// seen notes that the device is in use.
func (d *Device) seen() {
	now := d.cloud.now()
	d.cloud.mu.RLock()
	_, r := d.find()
	old := r != nil && now.Sub(r.SeenAt) >= seenEvery
	d.cloud.mu.RUnlock()
	if !old {
		return
	}
	d.update(func(a *account, r *registration) error { // if it is gone, nobody saw it
		r.SeenAt = now
		if old, ok := a.PhysicalDevices.get(r.DeviceID); ok {
			fresh := *old
			fresh.SeenAt = now
			a.PhysicalDevices.put(fresh.ID, &fresh)
		}
		return nil
	})
}

// find is the account and the active registration of the device, or nil. The
// state must be locked.
func (d *Device) find() (*account, *registration) {
	a, ok := d.cloud.state.Accounts.get(d.account)
	if !ok {
		return nil, nil
	}
	if r, ok := a.Registrations.get(d.registration); ok && r.active() {
		return a, r
	}
	return a, nil
}

// update changes the registration of the device, unless f fails.
func (d *Device) update(f func(*account, *registration) error) error {
	err := ErrNotEnrolled
	d.cloud.arrive()
	d.cloud.change(func(*state) {
		a, old := d.find()
		if old == nil {
			return
		}
		fresh := *old
		if err = f(a, &fresh); err == nil {
			a.Registrations.put(fresh.ID, &fresh)
		}
	})
	return err
}
