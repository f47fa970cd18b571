package sim

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"time"
)

// tag is a label of Access applications, known by its name.
type tag struct {
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

func tagRoutes() []route {
	list, one := "/accounts/{account}/access/tags", "/accounts/{account}/access/tags/{name}"
	return []route{
		{method: "GET", path: list, area: appArea(), access: true, do: listTags},
		{method: "POST", path: list, area: appArea(), access: true, do: createTag},
		{method: "GET", path: one, area: appArea(), access: true, do: getTag},
		{method: "PUT", path: one, area: appArea(), access: true, do: renameTag},
		{method: "DELETE", path: one, area: appArea(), access: true, do: deleteTag},
	}
}

type tagView struct {
	*tag
	Apps int `json:"app_count"`
}

func (a *account) tagView(t *tag) tagView {
	v := tagView{tag: t}
	for app := range a.Apps.all() {
		if slices.Contains(app.tags(), t.Name) {
			v.Apps++
		}
	}
	return v
}

func listTags(c *call) (answer, error) {
	var rows []tagView
	for t := range c.account.Tags.all() {
		rows = append(rows, c.account.tagView(t))
	}
	return page(c.query, rows, paging{25, 1, 1000}), nil
}

// newName reads the name that a write gives to a tag. That a name can be there
// once only is sure, the code of the refusal is not.
func (c *call) newName(old string) (string, error) {
	var in named
	if err := c.read(&in); err != nil {
		return "", err
	}
	if in.Name == "" {
		return "", invalidAccess("name is required")
	}
	if _, taken := c.account.Tags.get(in.Name); taken && in.Name != old {
		return "", refuse(http.StatusConflict, 11010, "access.api.error.tag_already_exists")
	}
	return in.Name, nil
}

func createTag(c *call) (answer, error) {
	name, err := c.newName("")
	if err != nil {
		return answer{}, err
	}
	t := &tag{Name: name, CreatedAt: c.now, UpdatedAt: c.now}
	c.account.Tags.put(name, t)
	return answer{status: http.StatusCreated, result: c.account.tagView(t)}, nil
}

func (c *call) tag() (*tag, error) {
	if t, ok := c.account.Tags.get(c.id); ok {
		return t, nil
	}
	return nil, errNoAccessObject("tag")
}

func getTag(c *call) (answer, error) {
	t, err := c.tag()
	if err != nil {
		return answer{}, err
	}
	return answer{result: c.account.tagView(t)}, nil
}

// renameTag renames it on the applications too.
func renameTag(c *call) (answer, error) {
	old, err := c.tag()
	if err != nil {
		return answer{}, err
	}
	name, err := c.newName(old.Name)
	if err != nil {
		return answer{}, err
	}
	t := &tag{Name: name, CreatedAt: old.CreatedAt, UpdatedAt: c.now}
	c.account.Tags.drop(old.Name)
	c.account.Tags.put(name, t)
	c.account.retag(old.Name, name)
	return answer{result: c.account.tagView(t)}, nil
}

// deleteTag takes it off the applications too.
func deleteTag(c *call) (answer, error) {
	t, err := c.tag()
	if err != nil {
		return answer{}, err
	}
	c.account.Tags.drop(t.Name)
	c.account.retag(t.Name, "")
	return answer{status: http.StatusAccepted, result: named{Name: t.Name}}, nil
}

// retag replaces a tag on every application, or removes it (by an empty name).
func (a *account) retag(from, to string) {
	for old := range a.Apps.all() {
		tags := old.tags()
		at := slices.Index(tags, from)
		if at < 0 {
			continue
		}
		if tags[at] = to; to == "" {
			tags = slices.Delete(tags, at, at+1)
		}
		fresh := *old
		fresh.Settings = maps.Clone(old.Settings)
		fresh.Settings["tags"] = jsonList(tags)
		a.replaceApp(old, &fresh)
	}
}

func (a *app) tags() []string {
	var tags []string
	if json.Unmarshal(a.Settings["tags"], &tags) != nil {
		return nil // a snapshot edited by hand
	}
	return tags
}

func jsonList(list []string) json.RawMessage {
	b, err := json.Marshal(list)
	if err != nil { // a list of strings cannot fail
		panic(err)
	}
	return b
}
