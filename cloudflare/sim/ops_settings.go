package sim

import (
	"encoding/json"
	"net/http"
	"time"
)

func settingRoutes() []route {
	list, one := "/zones/{zone}/settings", "/zones/{zone}/settings/{setting}"
	return []route{
		{method: "GET", path: list, area: settingArea(), do: listSettings},
		{method: "PATCH", path: list, area: settingArea(), do: editSettings},
		{method: "GET", path: one, area: settingArea(), do: getSetting},
		{method: "PATCH", path: one, area: settingArea(), do: editSetting},
	}
}

// developmentLasts is how long development mode stays on.
const developmentLasts = 3 * time.Hour

// settingView is a setting as it is shown; a nil time_remaining is not.
type settingView struct {
	ID            string          `json:"id"`
	Value         json.RawMessage `json:"value"`
	ModifiedOn    *time.Time      `json:"modified_on"`
	Editable      bool            `json:"editable"`
	TimeRemaining *int            `json:"time_remaining,omitempty"`
}

func (e *zoneEdge) view(k settingKind, now time.Time) settingView {
	v := settingView{ID: k.id, Value: k.standard, Editable: k.values != nil}
	if changed, ok := e.Settings[k.id]; ok {
		v.Value, v.ModifiedOn = changed.Value, &changed.ModifiedOn
	}
	if k.id == "development_mode" {
		left := e.development(now)
		if v.TimeRemaining = &left; left <= 0 {
			v.Value = raw("off")
		}
	}
	return v
}

// development is for how many seconds development mode stays on, below zero
// since how many it is over.
func (e *zoneEdge) development(now time.Time) int {
	s, ever := e.Settings["development_mode"]
	switch {
	case !ever:
		return 0
	case string(s.Value) == `"on"`:
		return int(s.ModifiedOn.Add(developmentLasts).Sub(now) / time.Second)
	default:
		return int(s.ModifiedOn.Sub(now) / time.Second)
	}
}

func listSettings(c *call) (answer, error) {
	views := []settingView{}
	for _, k := range settingKinds() {
		views = append(views, c.zone.Edge.view(k, c.now))
	}
	return answer{result: views}, nil
}

func settingNamed(id string) (settingKind, error) {
	k, known := knownSetting(id)
	if !known {
		return settingKind{}, refuse(http.StatusBadRequest, 1003, "Undefined zone setting: "+id)
	}
	return k, nil
}

func getSetting(c *call) (answer, error) {
	k, err := settingNamed(c.params["setting"])
	if err != nil {
		return answer{}, err
	}
	return answer{result: c.zone.Edge.view(k, c.now)}, nil
}

// edit changes a setting, if it is one and can have the value. The text of
// 1015 was not established.
func (e *zoneEdge) edit(id string, value json.RawMessage, now time.Time) error {
	k, err := settingNamed(id)
	switch {
	case err != nil:
		return err
	case k.values == nil:
		return refuse(http.StatusBadRequest, 1015, "Not allowed to edit setting for "+id)
	case !k.takes(value):
		return refuse(http.StatusBadRequest, 1007, "Invalid value for zone setting "+id)
	}
	e.set(id, value, now)
	return nil
}

// settingEdit is a value for a setting.
type settingEdit struct {
	ID    string          `json:"id"`
	Value json.RawMessage `json:"value"`
}

func editSetting(c *call) (answer, error) {
	in := settingEdit{}
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	in.ID = c.params["setting"]
	views, err := c.editSettings(in)
	if err != nil {
		return answer{}, err
	}
	return answer{result: views[0]}, nil
}

func editSettings(c *call) (answer, error) {
	var in struct {
		Items []settingEdit `json:"items"`
	}
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	views, err := c.editSettings(in.Items...)
	return answer{result: orEmpty(views)}, err
}

// editSettings makes all changes, or none if one of them cannot be.
func (c *call) editSettings(items ...settingEdit) ([]settingView, error) {
	err := c.zone.configure(c.now, func(e *zoneEdge) error {
		for _, item := range items {
			if err := e.edit(item.ID, item.Value, c.now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var views []settingView
	for _, item := range items {
		k, _ := knownSetting(item.ID) // edit found it
		views = append(views, c.zone.Edge.view(k, c.now))
	}
	return views, nil
}
