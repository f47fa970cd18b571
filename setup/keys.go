package setup

import "strings"

// Everything refers to things by the keys that are made here.

func (a Answers) key(kind Kind, name string) Key { return Key{kind, a.Account, name} }

func (a Answers) organizationKey() Key { return a.key(KindOrganization, "zero-trust") }
func (a Answers) zoneKey() Key         { return a.key(KindZone, a.Zone) }
func (a Answers) loginKey() Key        { return a.key(KindLoginMethod, "team-login") }
func (a Answers) bypassKey() Key       { return a.key(KindPolicy, "bypass") }
func (a Answers) nobodyKey() Key       { return a.key(KindPolicy, nobody) }
func (a Answers) teamKey() Key         { return a.key(KindPolicy, "team/"+string(a.Setup)) }
func (a Answers) doorKey(d Door) Key   { return a.key(KindApp, doorPrefix+a.Hostname+"/"+d.ID) }
func (a Answers) ingressKey() Key      { return a.key(KindIngress, a.Hostname) }
func (a Answers) networkKey() Key      { return Key{KindNetwork, "docker", a.Stack.Network} }

// TunnelKey is the key of the setup's tunnel.
func (a Answers) TunnelKey() Key { return a.key(KindTunnel, string(a.Setup)) }

// LockKey is the key of the application on the whole public hostname.
func (a Answers) LockKey() Key { return a.key(KindApp, lockPrefix+a.Hostname) }

// RecordKey is the key of the public name.
func (a Answers) RecordKey() Key { return Key{KindDNSRecord, a.Zone, a.Hostname} }

// ConnectorKey is the key of the running connector.
func (a Answers) ConnectorKey() Key {
	return Key{KindConnector, a.Stack.ConnectorProject, "cloudflared"}
}
func (a Answers) connectorFileKey() Key {
	return Key{KindConnectorFile, a.Stack.ConnectorFile, "cloudflared"}
}
func (a Answers) envKey(name string) Key { return Key{KindEnvVar, a.Stack.EnvFile, name} }
func (a Answers) settingKey(name string) Key {
	return Key{KindSetting, a.Stack.serviceScope(), name}
}
func (a Answers) composePortKey() Key {
	return Key{KindComposePort, a.Stack.ComposeFile, a.Stack.Service}
}

// PublishedKey is the key of the app's published port.
func (a Answers) PublishedKey() Key {
	return Key{KindPublished, a.Stack.serviceScope(), a.Stack.Service}
}

// SiteKey is the key of the app's own record of its address.
func (a Answers) SiteKey() Key { return Key{KindSite, a.Stack.serviceScope(), "site"} }

func (s Stack) serviceScope() string { return s.Project + "/" + s.Service }

const (
	lockPrefix = "lock/"
	doorPrefix = "door/"
	nobody     = "nobody"
)

// isLock: of a public hostname, a private name, or an address behind a route.
func (k Key) isLock() bool { return k.Kind == KindApp && strings.HasPrefix(k.Name, lockPrefix) }
func (k Key) isDoor() bool { return k.Kind == KindApp && strings.HasPrefix(k.Name, doorPrefix) }

// isDoorOf says whether a key is a door in the name that a lock is on.
func (k Key) isDoorOf(lock Key) bool {
	return k.isDoor() && strings.HasPrefix(k.Name, doorPrefix+strings.TrimPrefix(lock.Name, lockPrefix)+"/")
}
