package dockerx

import (
	"net/netip"
	"testing"
)

func TestContainersWithoutAFixedAddressGetOneOfTheUpperHalf(t *testing.T) {
	for subnet, want := range map[string]string{
		"172.30.250.0/28":  "172.30.250.8/29",
		"172.30.250.16/28": "172.30.250.24/29",
		"10.1.2.8/29":      "10.1.2.12/30",
		"192.168.4.0/24":   "192.168.4.128/25",
		"10.7.0.0/16":      "10.7.128.0/17",
	} {
		if got := upperHalf(netip.MustParsePrefix(subnet)); got.String() != want {
			t.Errorf("of %s it is %s, want %s", subnet, got, want)
		}
	}
}
