package cloudflare

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/culvert/culvert/setup"
	"github.com/culvert/culvert/setup/cidr"
)

// destinations are the addresses that an application covers, public and private,
// however old the fields are that it was made with.
func destinations(app []byte) []string {
	found := []string{}
	for _, d := range gjson.GetBytes(app, "destinations").Array() {
		if text, known := decodeDestination(d); known {
			found = append(found, text)
		}
	}
	if !gjson.GetBytes(app, "destinations.0").Exists() {
		for _, d := range gjson.GetBytes(app, "self_hosted_domains").Array() {
			found = append(found, publicText(d.String()))
		}
		if domain := gjson.GetBytes(app, "domain").String(); domain != "" && len(found) == 0 {
			found = append(found, publicText(domain))
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// unknownDestinations are those of a sort that we can only keep.
func unknownDestinations(app []byte) []gjson.Result {
	return slices.DeleteFunc(gjson.GetBytes(app, "destinations").Array(), func(d gjson.Result) bool {
		_, known := decodeDestination(d)
		return known
	})
}

// decodeDestination writes a destination as states do: one text for one meaning.
func decodeDestination(d gjson.Result) (text string, known bool) {
	switch kind := d.Get("type").String(); {
	case kind == "" || kind == "public":
		uri := d.Get("uri").String()
		return publicText(uri), uri != ""
	case kind == "private":
		return decodePrivate(d)
	}
	return "", false
}

type privateBody struct {
	Type     string `json:"type"`
	Hostname string `json:"hostname,omitempty"`
	CIDR     string `json:"cidr,omitempty"`
	Ports    string `json:"port_range,omitempty"`
	Protocol string `json:"l4_protocol,omitempty"`
	VNet     string `json:"vnet_id,omitempty"`
}

func decodePrivate(d gjson.Result) (string, bool) {
	var in privateBody
	rest := json.NewDecoder(strings.NewReader(d.Raw))
	rest.DisallowUnknownFields()
	if rest.Decode(&in) != nil || (in.Hostname == "") == (in.CIDR == "") {
		return "", false
	}
	p := setup.PrivateDestination{Protocol: in.Protocol, Hostname: host(in.Hostname), Ports: in.Ports, VNet: in.VNet}
	if in.CIDR != "" {
		network, err := cidr.Parse(in.CIDR)
		if err != nil {
			return "", false
		}
		p.Network = network.String()
	}
	return p.String(), true
}

// publicText writes host/path with the host in the form that is compared.
func publicText(uri string) string {
	name, path, _ := strings.Cut(uri, "/")
	if path == "" {
		return host(name)
	}
	return host(name) + "/" + path
}

func isPublicText(destination string) bool {
	_, private := setup.ParsePrivate(destination)
	return !private
}

type publicBody struct {
	Type string `json:"type"`
	URI  string `json:"uri"`
}

// encodeDestination writes one destination, to the letter as it stands if it
// does.
func encodeDestination(text string, app []byte) json.RawMessage {
	for _, d := range gjson.GetBytes(app, "destinations").Array() {
		if have, known := decodeDestination(d); known && have == text && d.Get("type").Exists() {
			return json.RawMessage(d.Raw)
		}
	}
	var body any = publicBody{"public", text}
	if p, private := setup.ParsePrivate(text); private {
		body = privateBody{"private", p.Hostname, p.Network, p.Ports, p.Protocol, p.VNet}
	}
	raw, err := json.Marshal(body)
	if err != nil { // a struct of strings
		panic(err)
	}
	return raw
}
