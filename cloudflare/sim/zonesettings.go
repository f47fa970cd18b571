package sim

import (
	"encoding/json"
	"slices"
	"strconv"
)

// settingKind is a setting that every zone of the Free plan has.
type settingKind struct {
	id       string
	standard json.RawMessage   // in a new zone
	values   []json.RawMessage // that it may have; none: the plan does not let it change
}

// takes tells whether a setting may have a value.
func (k settingKind) takes(value json.RawMessage) bool {
	return slices.ContainsFunc(k.values, func(v json.RawMessage) bool { return string(v) == string(value) })
}

func texts(values ...string) []json.RawMessage {
	var list []json.RawMessage
	for _, v := range values {
		list = append(list, raw(v))
	}
	return list
}

func numbers(values ...int) []json.RawMessage {
	var list []json.RawMessage
	for _, v := range values {
		list = append(list, json.RawMessage(strconv.Itoa(v)))
	}
	return list
}

// settingKinds are the settings of a zone by id, with the values that the API's
// documentation gives them. Those that only say how the edge treats caches,
// certificates and pages are kept and have no effect here.
func settingKinds() []settingKind {
	on, off, onOff := raw("on"), raw("off"), texts("on", "off")
	seconds := numbers(300, 900, 1800, 2700, 3600, 7200, 10800, 14400, 28800, 57600, 86400, 604800, 2592000, 31536000)
	return []settingKind{
		{"0rtt", off, onOff},
		{"advanced_ddos", on, nil},
		{"always_online", off, onOff},
		{"always_use_https", off, onOff},
		{"automatic_https_rewrites", on, onOff},
		{"brotli", on, onOff},
		{"browser_cache_ttl", raw(14400), append(numbers(0, 1800), seconds...)},
		{"browser_check", on, onOff},
		{"cache_level", raw("aggressive"), texts("aggressive", "basic", "simplified")},
		{"challenge_ttl", raw(1800), seconds},
		{"development_mode", off, onOff},
		{"early_hints", off, onOff},
		{"email_obfuscation", on, onOff},
		{"hotlink_protection", off, onOff},
		{"http2", on, nil},
		{"http3", on, onOff},
		{"ip_geolocation", on, onOff},
		{"ipv6", on, onOff},
		{"long_lived_grpc", off, nil},
		{"max_upload", raw(100), numbers(100)},
		{"min_tls_version", raw("1.0"), texts("1.0", "1.1", "1.2", "1.3")},
		{"opportunistic_encryption", on, onOff},
		{"opportunistic_onion", on, onOff},
		{"privacy_pass", on, onOff},
		{"pseudo_ipv4", off, texts("off", "add_header", "overwrite_header")},
		{"rocket_loader", off, onOff},
		{"security_level", raw("medium"), texts("essentially_off", "low", "medium", "high", "under_attack")},
		{"server_side_exclude", on, onOff},
		{"ssl", raw("full"), texts("off", "flexible", "full", "strict")},
		{"tls_1_3", on, texts("on", "off", "zrt")},
		{"tls_client_auth", off, onOff},
		{"true_client_ip_header", off, nil},
		{"websockets", on, onOff},
	}
}

func knownSetting(id string) (settingKind, bool) {
	kinds := settingKinds()
	i := slices.IndexFunc(kinds, func(k settingKind) bool { return k.id == id })
	if i < 0 {
		return settingKind{}, false
	}
	return kinds[i], true
}
