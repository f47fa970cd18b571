package sim

import (
	"hash/fnv"
	"net/netip"
	"slices"
	"sync"
)

// firsts is what Gateway remembers of the addresses that it gave devices in the
// place of real ones: "each device receives a unique, ephemeral initial resolved
// IP" ("Connect a private hostname"). It is of the process, as the real one is
// of the data centre, and remembers only so many.
type firsts struct {
	mu    sync.Mutex
	known map[firstKey]first
	order []firstKey // oldest first
}

const (
	keptFirsts  = 4096
	triedFirsts = 1000 // before another name's is taken
)

// firstKey is an address that a device has.
type firstKey struct {
	registration string
	address      netip.Addr
}

// first is what is behind one.
type first struct {
	name  string
	real  netip.Addr
	route string // id
}

// give gives a device an address of a range that stands for something: the same
// for the same name, unless another has it.
func (f *firsts) give(registration string, what first, from netip.Prefix) netip.Addr {
	h := fnv.New32a()
	h.Write([]byte(registration + " " + what.name))
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.known == nil {
		f.known = map[firstKey]first{}
	}
	key := firstKey{registration, addressIn(from, h.Sum32())}
	for step := range uint32(triedFirsts) {
		if other := f.known[key].name; other == "" || other == what.name {
			break
		}
		key.address = addressIn(from, h.Sum32()+step+1)
	}
	if _, there := f.known[key]; there {
		f.order = slices.DeleteFunc(f.order, func(k firstKey) bool { return k == key })
	}
	f.known[key], f.order = what, append(f.order, key)
	if len(f.order) > keptFirsts {
		delete(f.known, f.order[0])
		f.order = slices.Delete(f.order, 0, 1)
	}
	return key.address
}

// behind is what a device's address stands for.
func (f *firsts) behind(registration string, ip netip.Addr) (first, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	one, ok := f.known[firstKey{registration, ip}]
	return one, ok
}
