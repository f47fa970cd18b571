package lab

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"slices"
)

// users are the accounts as which the programs of these images run.
const users = `root:x:0:0:root:/:/bin/false
www-data:x:33:33:www:/:/bin/false
dnsmasq:x:100:65534:dnsmasq:/:/bin/false
nobody:x:65534:65534:nobody:/:/bin/false
`

const groups = `root:x:0:
www-data:x:33:
dip:x:30:
nogroup:x:65534:
nobody:x:65534:
`

// ImportDNSMasq makes an image of this machine's dnsmasq.
func (l *Lab) ImportDNSMasq(ctx context.Context, name string) error {
	return l.importProgram(ctx, name, "dnsmasq")
}

// ImportNginx makes an image of this machine's nginx.
func (l *Lab) ImportNginx(ctx context.Context, name string) error {
	return l.importProgram(ctx, name, "nginx")
}

// importProgram makes an image of one program of this machine with the libraries
// that it loads. It is found by its name, and starts nothing by itself.
func (l *Lab) importProgram(ctx context.Context, name, program string) error {
	binary, err := exec.LookPath(program)
	if err != nil {
		return fmt.Errorf("finding %s: %w", program, err)
	}
	libraries, err := librariesOf(ctx, binary)
	if err != nil {
		return err
	}
	im := Image{Name: name, Binary: binary, Path: "/bin/" + program, Dirs: []string{"run/", "var/", "var/run/", "var/log/", "var/log/nginx/", "var/lock/"},
		Files:   map[string][]byte{"/etc/passwd": []byte(users), "/etc/group": []byte(groups)},
		Changes: []string{"ENV PATH=/bin", `CMD ["` + program + `"]`}}
	var content bytes.Buffer
	if err := im.write(&content, libraries...); err != nil {
		return fmt.Errorf("packing the image %s: %w", name, err)
	}
	return l.importLayer(ctx, name, &content, slices.Clone(im.Changes))
}
