package setup

type strength int

const (
	none strength = iota
	soft
	hard
)

// relation says how k, of state s, depends on o beyond referring to it: because
// o guards k (nothing opens before its lock) or carries it (nothing is switched
// over before the new way works).
func relation(k Key, s State, o Key, other State) strength {
	switch k.Kind {
	case KindLoginMethod, KindPolicy, KindEnrolment:
		return when(o.Kind == KindOrganization, hard)
	case KindApp:
		switch {
		case o.Kind == KindOrganization, o.Kind == KindZone && !s.(App).private():
			return hard
		case k.isLock() && o.isDoorOf(k):
			return soft // webhooks of a live name keep answering when the lock comes
		case o.Kind == KindEdgeRule && k.isDoorOf(Key{KindApp, "", lockPrefix + o.Name}):
			return soft // callers get through to the door from the first
		}
	case KindIngress:
		return guard(s.(Ingress).Host, o)
	case KindEnvVar:
		return when(o.isLock(), hard)
	case KindConnectorFile:
		return when(o.isLock() || o.Kind == KindPrivateNetwork, hard)
	case KindConnector:
		return when(o.isLock() || o.Kind == KindConnectorFile || o.Kind == KindNetwork || o.Kind == KindPrivateNetwork, hard)
	case KindSetting:
		return when(o.isLock() || o.Kind == KindEnvVar && o.Name == k.Name, hard)
	case KindDNSRecord:
		return beforeSwitch(s.(DNSRecord).Name, o, other)
	case KindComposePort, KindPublished:
		return beforeClosing(k, o)
	}
	return privateRelation(k, s, o, other)
}

// guard: the lock of a host stands before anything leads there; its doors are
// waited for.
func guard(host string, o Key) strength {
	switch {
	case o.isLock() && o.Name == lockPrefix+host:
		return hard
	case o.isDoorOf(Key{KindApp, "", lockPrefix + host}), o.Kind == KindEdgeRule && o.Name == host:
		return soft
	}
	return none
}

// beforeSwitch: a name is pointed to the tunnel when everything behind it stands.
func beforeSwitch(host string, o Key, other State) strength {
	switch o.Kind {
	case KindIngress:
		return when(other.(Ingress).Host == host, hard)
	case KindConnector, KindSetting, KindEnvVar:
		return hard
	case KindLoginMethod:
		return soft
	}
	return guard(host, o)
}

// beforeClosing: a port is closed when the way through the tunnel is complete.
// The edit of the file takes the edges of its effect: whatever the operator
// starts makes it effective.
func beforeClosing(k, o Key) strength {
	switch o.Kind {
	case KindDNSRecord, KindIngress, KindConnector, KindSetting:
		return hard
	case KindSidecar, KindRoute, KindHostnameRoute, KindSplitTunnel, KindFallback:
		return hard
	case KindApp:
		return when(o.isLock(), hard)
	case KindComposePort:
		return when(k.Kind == KindPublished, hard)
	}
	return none
}

func when(yes bool, s strength) strength {
	if yes {
		return s
	}
	return none
}
