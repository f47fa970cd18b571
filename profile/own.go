package profile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/culvert/culvert/setup"
)

// maxOwn is how many paths of their own an operator may have.
const maxOwn = 50

// OwnField is the field of an error at a part of an own path, the first being
// number 0: path, method, name, check or answer.
func OwnField(number int, part string) string {
	return fmt.Sprintf("own_paths.%d.%s", number+1, part)
}

// own works the operator's own paths into doors. Those with a fault get none.
func (p Profile) own(rows []setup.OwnPath) ([]setup.OwnPath, []Door, []setup.FieldError) {
	var bad []setup.FieldError
	if len(rows) > maxOwn {
		bad = append(bad, setup.FieldError{Field: "own_paths", Message: fmt.Sprintf("%d paths of your own are too many; %d are possible.", len(rows), maxOwn)})
		rows = rows[:maxOwn]
	}
	var kept []setup.OwnPath
	var doors []Door
	for i, row := range rows {
		row = tidyOwn(row)
		faults := p.faultsOfOwn(row, kept)
		for _, f := range faults {
			bad = append(bad, setup.FieldError{Field: OwnField(i, f.Field), Message: f.Message})
		}
		kept = append(kept, row)
		if len(faults) == 0 && !row.Closed {
			doors = append(doors, ownDoor(row))
		}
	}
	return kept, besideOwn(doors), bad
}

// tidyOwn brings what was typed into the form in which it is kept.
func tidyOwn(o setup.OwnPath) setup.OwnPath {
	o.Name, o.Path, o.Sample = strings.TrimSpace(o.Name), strings.TrimSpace(o.Path), strings.TrimSpace(o.Sample)
	o.Method = strings.ToUpper(strings.TrimSpace(o.Method))
	if o.Method == "" {
		o.Method = http.MethodPost
	}
	if o.Sample == o.Path {
		o.Sample = ""
	}
	if o.Status == usualStatus(o.Method) {
		o.Status = 0
	}
	return o
}

// usualStatus is what an app says to a GET of a path that is called with method.
func usualStatus(method string) int {
	if method == http.MethodGet {
		return http.StatusOK
	}
	return http.StatusMethodNotAllowed
}

var notID = regexp.MustCompile(`[^a-z0-9]+`)

// OwnID is the id of the door for an own path. It comes from the path alone:
// another name or method is the same door.
func OwnID(path string) string {
	sum := sha256.Sum256([]byte(path))
	words := strings.Trim(notID.ReplaceAllString(strings.ToLower(path), "-"), "-")
	if len(words) > 30 {
		words = strings.Trim(words[:30], "-")
	}
	return "own-" + words + "-" + hex.EncodeToString(sum[:3])
}

// Known gives the doors of answers that are the profile's, not for own paths.
func Known(a setup.Answers) []setup.Door {
	return slices.DeleteFunc(slices.Clone(a.Doors), func(d setup.Door) bool {
		return slices.ContainsFunc(a.Own, func(o setup.OwnPath) bool { return OwnID(o.Path) == d.ID })
	})
}

// Covering gives the own path that certainly covers a path, open or not.
func Covering(own []setup.OwnPath, path string) (setup.OwnPath, bool) {
	i := slices.IndexFunc(own, func(o setup.OwnPath) bool { return covers(o.Path, path) })
	if i < 0 {
		return setup.OwnPath{}, false
	}
	return own[i], true
}

// OwnAnswer is what the app has to answer to a GET of an own path: a status, and
// the method that it must say is allowed, if it refuses GET.
func OwnAnswer(o setup.OwnPath) (status int, allow string) {
	status = orElse(o.Status, usualStatus(o.Method))
	if status == http.StatusMethodNotAllowed {
		allow = o.Method
	}
	return status, allow
}

// ownDoor is the door for an own path. A GET without any content proves it: the
// app refuses it, or answers as the operator says. Where callers use GET, it may
// do what their calls do, so it is asked sparingly.
func ownDoor(o setup.OwnPath) Door {
	sample := orElse(o.Sample, o.Path)
	probe := Probe{Method: http.MethodGet, Path: sample, Sparing: o.Method == http.MethodGet && o.Sample == ""}
	probe.Status, probe.Allow = OwnAnswer(o)
	return Door{
		ID: OwnID(o.Path), Name: o.Title(), Platform: "A path of your own",
		Paths:        []Path{{Path: o.Path, Methods: []string{o.Method}, Sample: sample}},
		Destinations: []string{o.Path},
		Ingress:      []string{ownIngress(o.Path)},
		Probes:       []Probe{probe},
	}
}

func ownIngress(path string) string {
	if stem, wild := strings.CutSuffix(path, "*"); wild {
		return "^" + regexp.QuoteMeta(stem) + ".+$"
	}
	return "^" + regexp.QuoteMeta(path) + "$"
}

// besideOwn gives each door a path close to it that must stay locked, unless
// another of the doors opens just that.
func besideOwn(doors []Door) []Door {
	for i, d := range doors {
		beside := besidePath(d.Destinations[0])
		opened := func(o Door) bool { return mayCover(o.Destinations[0], beside) }
		if !slices.ContainsFunc(doors, opened) {
			doors[i].Siblings = []string{beside}
		}
	}
	return doors
}

// besidePath is a path that a door on path must not open.
func besidePath(path string) string {
	stem := strings.TrimRight(strings.TrimSuffix(path, "*"), "/")
	return stem + "-beside" + strings.TrimSuffix(path[len(stem):], "*")
}
