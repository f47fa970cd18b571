package sim

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
)

// Settings of the whole account for its devices, and of the private network that
// they reach.

func deviceSettingRoutes() []route {
	devices, network := "/accounts/{account}/devices/settings", "/accounts/{account}/zerotrust/connectivity_settings"
	return []route{
		{method: "GET", path: devices, area: zeroTrustArea(), do: getDeviceSettings},
		{method: "PUT", path: devices, area: zeroTrustArea(), do: putDeviceSettings},
		{method: "PATCH", path: devices, area: zeroTrustArea(), do: editDeviceSettings},
		{method: "DELETE", path: devices, area: zeroTrustArea(), do: resetDeviceSettings},
		{method: "GET", path: network, area: zeroTrustArea(), do: getConnectivity},
		{method: "PATCH", path: network, area: zeroTrustArea(), do: editConnectivity},
	}
}

// zeroTrustArea opens what is of devices and of Gateway. For some of it that is
// by analogy.
func zeroTrustArea() area { return area{names: []string{"Zero Trust"}} }

// The switches that decide whether private traffic is carried.
const (
	proxyTCP  = "gateway_proxy_enabled"
	proxyUDP  = "gateway_udp_proxy_enabled"
	proxyICMP = "icmp_proxy_enabled"
)

func deviceDefaults() map[string]string {
	return map[string]string{proxyTCP: "false", proxyUDP: "false", "root_certificate_installation_enabled": "false",
		"use_zt_virtual_ip": "false", "disable_for_time": "0", "external_emergency_signal_enabled": "false",
		"external_emergency_signal_fingerprint": "", "external_emergency_signal_interval": "", "external_emergency_signal_url": ""}
}

func connectivityDefaults() map[string]string {
	return map[string]string{proxyICMP: "false", "offramp_warp_enabled": "false"}
}

// settings are switches and values as they were sent, each with a default.
type settings map[string]json.RawMessage

// over gives the settings with those of a body in their place. What is not in
// the body stays as it is.
func (s settings) over(body []byte, defaults map[string]string) (settings, error) {
	given, err := settable(body, defaults)
	if err != nil {
		return nil, err
	}
	var sent map[string]json.RawMessage
	if err := json.Unmarshal(body, &sent); err != nil {
		return nil, err // not after settable could read it
	}
	fresh := s.or(defaults)
	for name, value := range given {
		if _, is := sent[name]; is {
			fresh[name] = value
		}
	}
	return fresh, nil
}

// or fills in the defaults.
func (s settings) or(defaults map[string]string) settings {
	whole, _ := settable([]byte("{}"), defaults)
	maps.Copy(whole, s)
	return whole
}

// check refuses what is a switch by default and was not sent as one.
func (s settings) check(defaults map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(s)) {
		isSwitch := defaults[name] == "false" || defaults[name] == "true"
		if value := string(s[name]); isSwitch && value != "true" && value != "false" {
			return refuse(http.StatusBadRequest, 1004, "invalid "+name) // the code was not established
		}
	}
	return nil
}

func (c *call) deviceSettings() settings { return c.account.Devices.or(deviceDefaults()) }

func getDeviceSettings(c *call) (answer, error) { return answer{result: c.deviceSettings()}, nil }

// putDeviceSettings resets what is not in the body, or does not.
func putDeviceSettings(c *call) (answer, error) {
	if c.cloud.o.Unsure.SettingsPutKeeps {
		return editDeviceSettings(c)
	}
	whole, err := settable(c.body, deviceDefaults())
	if err != nil {
		return answer{}, err
	}
	return c.saveDeviceSettings(whole)
}

func editDeviceSettings(c *call) (answer, error) {
	changed, err := c.account.Devices.over(c.body, deviceDefaults())
	if err != nil {
		return answer{}, err
	}
	return c.saveDeviceSettings(changed)
}

func resetDeviceSettings(c *call) (answer, error) { return c.saveDeviceSettings(nil) }

func (c *call) saveDeviceSettings(s settings) (answer, error) {
	if err := s.check(deviceDefaults()); err != nil {
		return answer{}, err
	}
	c.account.Devices = s
	return answer{result: c.deviceSettings()}, nil
}

func getConnectivity(c *call) (answer, error) {
	return answer{result: c.account.Connectivity.or(connectivityDefaults())}, nil
}

func editConnectivity(c *call) (answer, error) {
	changed, err := c.account.Connectivity.over(c.body, connectivityDefaults())
	if err != nil {
		return answer{}, err
	}
	if err := changed.check(connectivityDefaults()); err != nil {
		return answer{}, err
	}
	c.account.Connectivity = changed
	return answer{result: changed}, nil
}
