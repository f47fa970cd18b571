package setup

// OwnPath is a path of the operator's own that programs reach without a login,
// beside the doors that the app's profile knows.
type OwnPath struct {
	Name string `json:"name,omitempty"` // for people; empty: the path
	Path string `json:"path"`           // /hooks/payments, or /hooks/* for all below it
	// Method is how it is called. Access cannot tell methods apart: this says
	// what the app refuses when it is asked in another way.
	Method string `json:"method"`
	// Sample is the path that is asked to prove it; empty: the path itself.
	Sample string `json:"sample,omitempty"`
	// Status is what the app answers to a GET of the sample without any
	// content; 0: as usual for the method.
	Status int  `json:"status,omitempty"`
	Closed bool `json:"closed,omitempty"` // kept for later, and not let through
}

// Title is the name for people.
func (o OwnPath) Title() string {
	if o.Name != "" {
		return o.Name
	}
	return o.Path
}
