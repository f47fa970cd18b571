package setup

// Handmade is what somebody set up by hand as the app's guide says: a connector
// and dnsmasq in a compose file of their own. It is read, so that a setup can
// begin with the same choices; its files and variables stay as they are, and its
// services are stopped only once ours are proven (Predecessor). Its addresses are
// not taken over: Docker keeps none for certain in the app's own network, so ours
// are in a network of their own.
type Handmade struct {
	File     string    `json:"file"`
	Tunnel   string    `json:"tunnel,omitempty"`  // the id in the token; the token itself is not told
	Name     string    `json:"name,omitempty"`    // the private hostname
	Address  string    `json:"address,omitempty"` // where the name leads
	DNS      string    `json:"dns,omitempty"`     // the address of dnsmasq
	Network  string    `json:"network,omitempty"` // of both, by its real name
	Services []Service `json:"services"`          // what does the work, by name
}
