package cloudflare

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/culvert/culvert/setup"
)

// fallbackList is the Local Domain Fallback list of a profile, as a document. It
// answers two questions: who is asked for a name, and what else takes the name.
type fallbackList struct{ profile }

// addNames adds the answers to one question for some names.
func (p *part) addNames(of profile, names []string, answer func(fallbackList, string) setup.Object) {
	if p.err = firstError(p.err, of.fault); p.err != nil {
		p.objects = nil
		return
	}
	for _, name := range names {
		o := answer(fallbackList{of}, name)
		o.Scope = p.at.Scope
		p.objects = append(p.objects, o)
	}
}

func decodeDomain(raw []byte) setup.DomainEntry {
	e := gjson.ParseBytes(raw)
	d := setup.DomainEntry{Suffix: e.Get("suffix").String(), Description: e.Get("description").String()}
	for _, server := range e.Get("dns_server").Array() {
		d.Servers = append(d.Servers, server.String())
	}
	return d
}

func encodeDomain(d setup.DomainEntry) json.RawMessage {
	raw := with([]byte("{}"), "suffix", d.Suffix)
	if d.Description != "" {
		raw = with(raw, "description", d.Description)
	}
	if len(d.Servers) > 0 {
		raw = with(raw, "dns_server", d.Servers)
	}
	return raw
}

func sameDomain(a, b setup.DomainEntry) bool {
	return a.Suffix == b.Suffix && a.Description == b.Description && slices.Equal(a.Servers, b.Servers)
}

// domain is the form in which suffixes are compared.
func domain(suffix string) string { return strings.Trim(strings.ToLower(suffix), ".") }

// at is the place of the entry for exactly a name; -1: there is none.
func (l fallbackList) at(name string) int {
	return slices.IndexFunc(l.domains, func(raw json.RawMessage) bool { return domain(decodeDomain(raw).Suffix) == domain(name) })
}

// fallback says who is asked for a name.
func (l fallbackList) fallback(name string) setup.Object {
	f := setup.Fallback{Profile: l.profile.id, Suffix: name}
	o := setup.Object{ID: l.profile.id + "/" + name}
	if at := l.at(name); at >= 0 {
		d := decodeDomain(l.domains[at])
		f.Servers, f.Bare = d.Servers, len(d.Servers) == 0
		o.Mark, _ = setup.FindMark(d.Description)
		o.Raw = l.domains[at]
	}
	o.State = f
	return o
}

// shadow says which entries for domains above a name take the name with them.
func (l fallbackList) shadow(name string) setup.Object {
	s := setup.Shadow{Profile: l.profile.id, Hostname: name}
	for _, raw := range l.domains {
		d := decodeDomain(raw)
		if !strings.HasSuffix(domain(name), "."+domain(d.Suffix)) {
			continue
		}
		if mark, _ := setup.FindMark(d.Description); mark != "" {
			s.Marked = append(s.Marked, d)
		} else {
			s.Entries = append(s.Entries, d)
		}
	}
	for _, list := range [][]setup.DomainEntry{s.Entries, s.Marked} { // Cloudflare keeps no order
		slices.SortFunc(list, func(a, b setup.DomainEntry) int {
			return cmp.Or(cmp.Compare(a.Suffix, b.Suffix), cmp.Compare(a.Description, b.Description))
		})
	}
	return setup.Object{ID: l.profile.id + "/" + name, State: s}
}

// profileOf is the profile whose list an entry changes.
func profileOf(e setup.Entry) string {
	switch to := e.To.(type) {
	case setup.Fallback:
		return to.Profile
	case setup.Shadow:
		return to.Profile
	}
	return ""
}

func (l fallbackList) object(e setup.Entry) *setup.Object {
	var o setup.Object
	switch to := e.To.(type) {
	case setup.Fallback:
		o = l.fallback(to.Suffix)
	case setup.Shadow:
		o = l.shadow(to.Hostname)
	}
	return &o
}

func (l fallbackList) id(e setup.Entry) string { return l.object(e).ID }

func (l fallbackList) same(other content) bool {
	return sameRaws(l.domains, other.(fallbackList).domains)
}

func (l fallbackList) apply(e setup.Entry) (content, *setup.Problem) {
	l.domains = slices.Clone(l.domains)
	if to, ok := e.To.(setup.Shadow); ok {
		l.unshadow(e.From.(setup.Shadow), to)
		return l, nil
	}
	p := l.ask(e, e.To.(setup.Fallback))
	return l, p
}

// ask makes, changes or takes out the entry for exactly a name.
func (l *fallbackList) ask(e setup.Entry, to setup.Fallback) *setup.Problem {
	list, at := l.domains, l.at(to.Suffix)
	if len(to.Servers) == 0 && !to.Bare {
		if at >= 0 {
			l.domains = slices.Delete(list, at, at+1)
		}
		return nil
	}
	if at < 0 {
		list, at = append(list, encodeDomain(setup.DomainEntry{Suffix: to.Suffix})), len(list)
	}
	raw := without(list[at], "dns_server")
	if len(to.Servers) > 0 {
		raw = with(raw, "dns_server", to.Servers)
	}
	had := gjson.GetBytes(raw, "description").String()
	text := described(had, e)
	if n := utf8.RuneCountInString(text); n > maxComment && text != had {
		return refused(setup.CodeRefused, "The description of the Local Domain Fallback entry for %s is too long by %d characters to note there that Culvert changed it. Shorten it in the dashboard.", to.Suffix, n-maxComment)
	}
	switch {
	case text == "" && had != "":
		raw = without(raw, "description")
	case text != had:
		raw = with(raw, "description", text)
	}
	list[at] = raw
	l.domains = list
	return nil
}

// described is an entry's description with our mark, or without it if the entry
// is put back.
func described(had string, e setup.Entry) string {
	mark, rest := setup.FindMark(had)
	switch {
	case e.Drop && mark == e.Mark:
		return rest
	case e.Drop || mark == e.Mark:
		return had
	}
	return strings.TrimSpace(setup.WithMark(rest, e.Mark))
}

// unshadow takes out what is no longer wanted and puts back what is, to the
// letter.
func (l *fallbackList) unshadow(from, to setup.Shadow) {
	among := func(list []setup.DomainEntry, d setup.DomainEntry) bool {
		return slices.ContainsFunc(list, func(o setup.DomainEntry) bool { return sameDomain(o, d) })
	}
	l.domains = slices.DeleteFunc(l.domains, func(raw json.RawMessage) bool {
		d := decodeDomain(raw)
		return among(from.Entries, d) && !among(to.Entries, d)
	})
	for _, d := range to.Entries {
		if !among(from.Entries, d) {
			l.domains = append(l.domains, encodeDomain(d))
		}
	}
}

// stillStands says whether each entry that the plan saw is there; further ones
// of others do not matter.
func stillStands(have, from setup.Shadow) bool {
	return !slices.ContainsFunc(from.Entries, func(d setup.DomainEntry) bool {
		return !slices.ContainsFunc(have.Entries, func(o setup.DomainEntry) bool { return sameDomain(o, d) })
	})
}

// fallbackSheet is the Local Domain Fallback list of one profile.
type fallbackSheet struct {
	*Client
	account, profile string
}

func (s fallbackSheet) read(ctx context.Context, _ []setup.Entry) (content, error) {
	p, err := s.readProfile(ctx, s.account, s.profile)
	if err = firstError(err, p.fault); err != nil {
		return nil, err
	}
	if len(p.domains) == 0 { // unusual: the list itself has to say so too
		again, err := s.list(ctx, readingProfiles, profilePath(s.account, s.profile, "fallback_domains"), nil)
		if err != nil {
			return nil, err
		}
		p.domains = again
	}
	return fallbackList{p}, nil
}

func (s fallbackSheet) write(ctx context.Context, before, after content) error {
	_, err := s.Client.write(ctx, op{"change the Local Domain Fallback", needsZeroTrust}, http.MethodPut,
		profilePath(s.account, s.profile, "fallback_domains"), joined(after.(fallbackList).domains))
	return err
}
