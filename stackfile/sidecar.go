package stackfile

// Sidecar is a service beside cloudflared in the connector's compose file.
type Sidecar struct {
	Service string
	Image   string
	Command []string // the program and its arguments, whatever the image would start
	Places  []Place
	Folder  string // of this host, that it reads
	Mount   string // where it finds the folder
	Labels  map[string]string
}

// Place is where a service stands in a network.
type Place struct {
	Network string // real name
	Address string // fixed; empty: as Docker gives it
	Aliases []string
}

func (w *yamlLines) sidecar(s Sidecar, keys map[string]string) {
	w.line(1, s.Service+":")
	w.line(2, "image: "+yamlText(s.Image))
	w.line(2, "entrypoint:")
	w.line(3, "- "+yamlText(s.Command[0]))
	w.line(2, "command:")
	for _, arg := range s.Command[1:] {
		w.line(3, "- "+yamlText(arg))
	}
	w.line(2, "restart: unless-stopped")
	if s.Folder != "" {
		w.line(2, "volumes:")
		w.line(3, "- type: bind")
		w.line(3, "  source: "+yamlText(s.Folder))
		w.line(3, "  target: "+yamlText(s.Mount))
		w.line(3, "  read_only: true")
	}
	w.line(2, "networks:")
	for _, p := range s.Places {
		w.place(keys[p.Network], p)
	}
	w.ending(s.Labels)
}

func (w *yamlLines) place(key string, p Place) {
	if p.Address == "" && len(p.Aliases) == 0 {
		w.line(3, key+": {}")
		return
	}
	w.line(3, key+":")
	if p.Address != "" {
		w.line(4, "ipv4_address: "+yamlText(p.Address))
	}
	if len(p.Aliases) > 0 {
		w.line(4, "aliases:")
	}
	for _, alias := range p.Aliases {
		w.line(5, "- "+yamlText(alias))
	}
}

// sidecar reads a service back.
func (d connectorDoc) sidecar(name string) Sidecar {
	in := d.Services[name]
	s := Sidecar{Service: name, Image: unescape(in.Image), Labels: unescaped(in.Labels)}
	var args []string
	if in.Command.Decode(&args) != nil {
		args = []string{in.Command.Value}
	}
	for _, arg := range append(in.Entrypoint, args...) {
		s.Command = append(s.Command, unescape(arg))
	}
	if len(in.Volumes) == 1 {
		s.Folder, s.Mount = unescape(in.Volumes[0].Source), unescape(in.Volumes[0].Target)
	}
	for key, value := range pairs(&in.Networks) {
		var use struct {
			Address string `yaml:"ipv4_address"`
			Aliases []string
		}
		if value.Decode(&use) != nil {
			continue // written by hand; it will not be equal to what is written anew
		}
		p := Place{Network: unescape(d.Networks[key.Value].Name), Address: unescape(use.Address)}
		for _, alias := range use.Aliases {
			p.Aliases = append(p.Aliases, unescape(alias))
		}
		s.Places = append(s.Places, p)
	}
	return s
}
