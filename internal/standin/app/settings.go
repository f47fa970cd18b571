package app

import (
	"fmt"
	"slices"
	"strings"
)

// Settings is what the app reads from its environment, as Django and
// django-environ read it.
type Settings struct {
	// Strict is config.settings_production. Without it every host is allowed
	// and nothing is redirected.
	Strict       bool
	AllowedHosts []string // "*" is any; a leading dot includes names below
	CSRFTrusted  []string
	SSLRedirect  bool

	TelegramSecret string
	HealthTokens   []string
	// SlackKeys says that both client keys are set, be it to nothing.
	SlackKeys bool
}

// Lookup reads an environment variable, as os.LookupEnv.
type Lookup func(string) (string, bool)

// FromEnv reads the settings. ownIP gives the container's own address, which the
// app always allows as a host in strict mode and looks up in no other. An error
// is one on which the app does not start.
func FromEnv(env Lookup, ownIP func() string) (Settings, error) {
	_, id := env("SLACK_CLIENT_ID")
	_, secret := env("SLACK_CLIENT_SECRET")
	s := Settings{AllowedHosts: []string{"*"}, SlackKeys: id && secret}
	s.TelegramSecret, _ = env("TELEGRAM_SECRET_TOKEN")
	var err error
	if s.CSRFTrusted, _, err = list(env, "CSRF_TRUSTED_ORIGINS"); err != nil {
		return Settings{}, err
	}
	if s.HealthTokens, _, err = list(env, "HEALTH_CHECK_TOKENS"); err != nil {
		return Settings{}, err
	}
	switch module, _ := env("DJANGO_SETTINGS_MODULE"); module {
	case "", "config.settings":
		return s, nil
	case "config.settings_production":
	default:
		return Settings{}, fmt.Errorf("ModuleNotFoundError: No module named %q", module)
	}
	s.Strict = true
	hosts, set, err := list(env, "DJANGO_ALLOWED_HOSTS")
	switch {
	case err != nil:
		return Settings{}, err
	case !set:
		return Settings{}, improperlyConfigured("DJANGO_ALLOWED_HOSTS")
	}
	s.AllowedHosts = append(hosts, ownIP())
	s.SSLRedirect, err = boolean(env, "DJANGO_SECURE_SSL_REDIRECT", true)
	return s, err
}

func improperlyConfigured(key string) error {
	return fmt.Errorf("django.core.exceptions.ImproperlyConfigured: Set the %s environment variable", key)
}

// list splits at commas and leaves spaces alone: "a, b" holds " b", which is no
// host that anyone sends.
func list(env Lookup, key string) (values []string, set bool, err error) {
	raw, set, err := value(env, key)
	return slices.DeleteFunc(strings.Split(raw, ","), func(v string) bool { return v == "" }), set, err
}

func boolean(env Lookup, key string, missing bool) (bool, error) {
	raw, set, err := value(env, key)
	if !set || err != nil {
		return missing, err
	}
	return slices.Contains([]string{"true", "on", "ok", "y", "yes", "1"}, strings.ToLower(raw)), nil
}

// value follows "$NAME" to another variable, as django-environ does.
func value(env Lookup, key string) (string, bool, error) {
	v, set := env(key)
	name, proxied := strings.CutPrefix(v, "$")
	if !proxied {
		return v, set, nil
	}
	if v, set = env(name); !set {
		return "", false, improperlyConfigured(name)
	}
	return v, true, nil
}

// check is the system check that manage.py runs before any command, and that
// the web server does not.
func (s Settings) check() error {
	for _, o := range s.CSRFTrusted {
		if !strings.Contains(o, "://") {
			return fmt.Errorf("SystemCheckError: System check identified some issues:\n\nERRORS:\n"+
				"?: (4_0.E001) As of Django 4.0, the values in the CSRF_TRUSTED_ORIGINS setting must start with a scheme "+
				"(usually http:// or https://) but found %s. See the release notes for details", o)
		}
	}
	return nil
}

// allows says whether the app answers to a Host header.
func (s Settings) allows(hostport string) bool {
	host, ok := domain(hostport)
	if !ok {
		return false
	}
	return slices.ContainsFunc(s.AllowedHosts, func(pattern string) bool {
		pattern = strings.ToLower(pattern)
		if below, ok := strings.CutPrefix(pattern, "."); ok {
			return host == below || strings.HasSuffix(host, pattern)
		}
		return pattern == "*" || pattern == host
	})
}

// domain takes the port and a final dot away. Django refuses names with other
// than these characters, an underscore for one.
func domain(hostport string) (string, bool) {
	s := strings.ToLower(hostport)
	host, port := s, ""
	if i := strings.LastIndexByte(s, ':'); i >= 0 && !strings.HasSuffix(s, "]") {
		host, port = s[:i], s[i+1:]
		if port == "" || strings.Trim(port, "0123456789") != "" {
			return "", false
		}
	}
	valid := "abcdefghijklmnopqrstuvwxyz0123456789.-"
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		valid = "[]abcdef0123456789:."
	}
	if host == "" || strings.Trim(host, valid) != "" {
		return "", false
	}
	return strings.TrimSuffix(host, "."), true
}
