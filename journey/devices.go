package journey

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/culvert/culvert/setup"
)

// Devices are the device profiles of an account, as they were last read.
type Devices struct {
	At       time.Time             // zero: nobody has looked
	Profiles []setup.DeviceProfile // in the order of setup.DeviceProfilesIn
}

// devicesAge is how long device profiles that were read are good to choose from.
const devicesAge = time.Minute

// Recent says whether they are new enough to choose from.
func (d Devices) Recent(now time.Time) bool {
	return !d.At.IsZero() && now.Sub(d.At) <= devicesAge
}

// ReadDevices reads the device profiles of a setup's account, unless they were
// read just now. A plan of a private way has read them as well.
func (j *Journey) ReadDevices(ctx context.Context, id setup.SetupID) (Devices, error) {
	_, draft, err := j.load(ctx, id)
	if err != nil {
		return Devices{}, err
	}
	switch d := j.devices(id, draft.Account); {
	case !j.hasToken():
		return Devices{}, noToken()
	case draft.Account == "":
		return Devices{}, &setup.Problem{Code: setup.CodeInvalid, Message: "No account is chosen yet. Choose one at the step Account first."}
	case d.Recent(j.Clock.Now()):
		return d, nil
	}
	return j.lookAtDevices(ctx, draft.Account)
}

// devices are those of an account as they are known, without looking.
func (j *Journey) devices(id setup.SetupID, account string) Devices {
	j.mu.Lock()
	known := j.profiles[account]
	j.mu.Unlock()
	if p, ok := j.Engine.Last(id); ok && p.Seen.Cloud.After(known.At) {
		if all, problem := setup.DeviceProfilesIn(p.World, account); problem == nil && len(all) > 0 {
			return Devices{At: p.Seen.Cloud, Profiles: all}
		}
	}
	return known
}

func (j *Journey) lookAtDevices(ctx context.Context, account string) (Devices, error) {
	now := j.Clock.Now()
	w, err := j.Cloud.Observe(ctx, setup.View{Account: account, Private: true, Kinds: []setup.Kind{setup.KindDeviceProfile}})
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return Devices{}, &setup.Problem{Code: setup.CodeUnavailable, Message: "Cloudflare did not answer in time. Try again in a moment.", Cause: err}
	case err != nil:
		return Devices{}, fmt.Errorf("reading the device profiles: %w", err)
	}
	all, problem := setup.DeviceProfilesIn(w, account)
	if problem != nil {
		return Devices{}, problem
	}
	d := Devices{At: now, Profiles: all}
	j.mu.Lock()
	j.profiles[account] = d
	j.mu.Unlock()
	return d, nil
}

// profilesNamed gives the ids of the device profiles that a file names, by id or
// by name, and says which there are not. The account is read if there is one to
// look for.
func (j *Journey) profilesNamed(ctx context.Context, account string, named []string) ([]string, []setup.FieldError, error) {
	if !slices.ContainsFunc(named, func(s string) bool { return s != setup.DefaultProfile }) {
		return named, nil, nil
	}
	d, err := j.lookAtDevices(ctx, account)
	if err != nil {
		return nil, nil, err
	}
	var ids []string
	var bad []setup.FieldError
	for _, s := range named {
		id, wrong := profileNamed(d.Profiles, s)
		if wrong != "" {
			bad = append(bad, setup.FieldError{Field: "private.profiles", Message: wrong})
			continue
		}
		ids = append(ids, id)
	}
	return ids, bad, nil
}

// profileNamed finds a device profile by its id or its name. The sentence says
// why there is not exactly one.
func profileNamed(all []setup.DeviceProfile, named string) (id, wrong string) {
	var called []setup.DeviceProfile
	for _, p := range all {
		if p.ID == named {
			return p.ID, ""
		}
		if p.Name == named {
			called = append(called, p)
		}
	}
	switch len(called) {
	case 0:
		return "", fmt.Sprintf("The account has no device profile %q. Write the name or the id of one of these:%s", named, listed(all))
	case 1:
		return called[0].ID, ""
	}
	return "", fmt.Sprintf("%d device profiles are called %q. Write the id of the one that you mean:%s", len(called), named, listed(called))
}

// listed are device profiles, one a line.
func listed(all []setup.DeviceProfile) string {
	var b strings.Builder
	for _, p := range all {
		name := p.Name
		if p.ID == setup.DefaultProfile {
			name = "all other devices"
		}
		fmt.Fprintf(&b, "\n    %s  %s, %s", p.ID, name, p.HowMany())
	}
	return b.String()
}
