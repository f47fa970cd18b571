package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// ByHand does what somebody with every right does at the dashboard: any
// operation of the API, such as "DELETE", "/zones/{zone}/dns_records/…". It is
// not in the request log, no fault strikes it and no limit counts it. {account}
// and {zone} stand for those of Basics; body may be nil.
func (c *Cloud) ByHand(method, path string, body any) (json.RawMessage, error) {
	b := c.Basics()
	path = strings.NewReplacer("{account}", b.AccountID, "{zone}", b.ZoneID).Replace(path)
	r, err := http.NewRequestWithContext(c.ctx, method, apiRoot+path, nil)
	if err != nil {
		return nil, fmt.Errorf("by hand: %w", err)
	}
	text, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("by hand: %s %s: %w", method, path, err)
	}
	out := c.locked(r, r.URL.Path[len(apiRoot):], func(what asked) (reply, []func()) {
		return c.perform(r, what, path, text, somebody(), c.now())
	})
	var e envelope
	if err := json.Unmarshal(out.body, &e); err != nil {
		return nil, fmt.Errorf("by hand: %s %s: %w", method, path, err)
	}
	if !e.Success {
		return nil, fmt.Errorf("by hand: %s %s: %w", method, path, &apiError{out.status, e.Errors})
	}
	return e.Result, nil
}

// somebody is a person at the dashboard who may do everything.
func somebody() *token {
	return &token{User: "somebody", Status: "active", Permissions: AllPermissions()}
}

// rows is a list that ByHand reads, of the whole account.
func (c *Cloud) rows(path string) ([]map[string]any, error) {
	text, err := c.ByHand(http.MethodGet, path+"?per_page=1000", nil)
	if err != nil {
		return nil, err
	}
	var rows []map[string]any
	if err := json.Unmarshal(text, &rows); err != nil {
		return nil, fmt.Errorf("by hand: %s: %w", path, err)
	}
	return rows, nil
}

// alter changes fields of an object that the API takes as a whole.
func (c *Cloud) alter(path string, row map[string]any, change func(map[string]any)) error {
	change(row)
	id, _ := row["id"].(string)
	_, err := c.ByHand(http.MethodPut, path+"/"+id, row)
	return err
}

// DropConnectors closes the connections of a tunnel, or of all if it is empty.
// A connector that still runs comes back. It gives the number of connections.
func (c *Cloud) DropConnectors(tunnel string) int {
	c.mu.RLock()
	conns := c.live.all()
	if tunnel != "" {
		conns = c.live.of(tunnel, "")
	}
	c.mu.RUnlock()
	closeAll(conns)
	return len(conns)
}
