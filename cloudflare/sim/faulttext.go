package sim

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ParseFault reads a fault from a line such as
//
//	POST /accounts/*/access/apps reset-after 10%
//	* /** latency 100ms..250ms
//	PUT /accounts/*/cfd_tunnel/*/configurations meanwhile touch-ingress x1
//
// which is a method (* for any), a path (see Fault.Path), what goes wrong, and
// then, if it is not each call until it is healed, a chance in percent and how
// often at most. An error names the part that is wrong.
func ParseFault(line string) (Fault, error) {
	words := strings.Fields(line)
	if len(words) < 3 {
		return Fault{}, fmt.Errorf("fault %q: write a method, a path and what goes wrong, such as: POST /accounts/*/access/apps reset-after 10%%", line)
	}
	p := faultParser{rest: words[2:]}
	err := p.target(words[0], words[1])
	for err == nil && len(p.rest) > 0 {
		err = p.word(p.next())
	}
	if err == nil && !p.f.answers() && p.f.Delay == 0 && p.f.Jitter == 0 && p.f.Meanwhile == "" {
		err = fmt.Errorf("it does not say what goes wrong: %s", effectWords)
	}
	if err != nil {
		return Fault{}, fmt.Errorf("fault %q: %w", line, err)
	}
	return p.f, nil
}

const effectWords = "latency, meanwhile, rate-limit, status, reset-before, reset-after or success-false"

type faultParser struct {
	f    Fault
	rest []string
}

func (p *faultParser) next() string {
	if len(p.rest) == 0 {
		return ""
	}
	word := p.rest[0]
	p.rest = p.rest[1:]
	return word
}

// target takes the method and the path, which some operation must have.
func (p *faultParser) target(method, path string) error {
	if !strings.HasPrefix(path, "/") {
		return fmt.Errorf("the path %q does not begin with /", path)
	}
	if before, _, found := strings.Cut(path, "**"); found && before+"**" != path {
		return fmt.Errorf("in the path %q only the last step can be **", path)
	}
	if method != "*" {
		p.f.Method = method
	}
	if path != "/**" {
		p.f.Path = path
	}
	methods := parsePath(path).methods()
	switch {
	case len(methods) == 0:
		return fmt.Errorf("no operation has the path %q", path)
	case method != "*" && !slices.Contains(methods, method):
		return fmt.Errorf("%q is no method of %s: it has %s", method, path, strings.Join(methods, ", "))
	}
	return nil
}

func (p *faultParser) word(word string) (err error) {
	before := p.f.answers()
	switch {
	case word == "latency":
		p.f.Delay, p.f.Jitter, err = latency(p.next())
		return err
	case word == "meanwhile":
		return p.meanwhile(p.next())
	case strings.HasSuffix(word, "%"):
		return p.chance(word)
	case strings.HasPrefix(word, "x"):
		return p.times(word)
	case word == "reset-before":
		p.f.ResetBefore = true
	case word == "reset-after":
		p.f.ResetAfterEffect = true
	case word == "success-false":
		p.f.SuccessFalse = true
	case word == "rate-limit":
		err = p.rateLimit(p.next())
	case word == "status":
		err = p.status(p.next())
	default:
		return fmt.Errorf("%q is nothing that can go wrong: %s", word, effectWords)
	}
	if err == nil && before {
		return fmt.Errorf("%q comes too late: a call is answered in one way", word)
	}
	return err
}

func latency(word string) (least, more time.Duration, err error) {
	least, most, err := ParseSpan(word)
	if err == nil && most == 0 {
		err = fmt.Errorf("%q is no time", word)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("latency: %w", err)
	}
	return least, most - least, nil
}

// ParseSpan reads a time ("2s") or two between which it lies ("100ms..2s").
func ParseSpan(text string) (least, most time.Duration, err error) {
	from, to, two := strings.Cut(text, "..")
	if !two {
		to = from
	}
	if least, err = time.ParseDuration(from); err == nil {
		most, err = time.ParseDuration(to)
	}
	switch {
	case err != nil:
		return 0, 0, fmt.Errorf("%q is no time: write 150ms, or 100ms..250ms", text)
	case least < 0 || most < least:
		return 0, 0, fmt.Errorf("%q goes backwards", text)
	}
	return least, most, nil
}

func (p *faultParser) meanwhile(word string) error {
	var names []string
	for _, w := range Writers() {
		if string(w) == word {
			p.f.Meanwhile = w
			return nil
		}
		names = append(names, string(w))
	}
	return fmt.Errorf("meanwhile: nobody is called %q: %s", word, strings.Join(names, ", "))
}

func (p *faultParser) chance(word string) error {
	percent, err := strconv.ParseFloat(strings.TrimSuffix(word, "%"), 64)
	if err != nil || !(percent > 0 && percent <= 100) {
		return fmt.Errorf("%q is no chance: write 10%%", word)
	}
	p.f.Chance = percent / 100
	return nil
}

func (p *faultParser) times(word string) error {
	n, err := strconv.Atoi(word[1:])
	if err != nil || n < 1 {
		return fmt.Errorf("%q is no number of times: write x3", word)
	}
	p.f.Times = n
	return nil
}

func (p *faultParser) rateLimit(word string) error {
	d, err := time.ParseDuration(word)
	if err != nil || d < time.Second || d%time.Second != 0 {
		return fmt.Errorf("rate-limit: %q is no number of seconds to wait: write rate-limit 30s", word)
	}
	p.f.RetryAfter = d
	return nil
}

func (p *faultParser) status(word string) error {
	n, err := strconv.Atoi(word)
	if err != nil || n < 400 || n > 599 {
		return fmt.Errorf("status: %q is no status of a failure: write status 502", word)
	}
	p.f.Status = n
	return nil
}

// String is the line from which ParseFault reads the fault, but for Between and
// Body, which no line can say.
func (f Fault) String() string {
	words := []string{cmp.Or(f.Method, "*"), cmp.Or(f.Path, "/**")}
	add := func(there bool, format string, values ...any) {
		if there {
			words = append(words, fmt.Sprintf(format, values...))
		}
	}
	add(f.Jitter == 0 && f.Delay > 0, "latency %s", f.Delay)
	add(f.Jitter > 0, "latency %s..%s", f.Delay, f.Delay+f.Jitter)
	add(f.Meanwhile != "", "meanwhile %s", f.Meanwhile)
	add(f.ResetBefore, "reset-before")
	add(f.ResetAfterEffect, "reset-after")
	add(f.SuccessFalse, "success-false")
	add(f.RetryAfter > 0, "rate-limit %s", f.RetryAfter)
	add(f.Status != 0, "status %d", f.Status)
	add(f.Chance > 0, "%s%%", strconv.FormatFloat(f.Chance*100, 'g', 6, 64))
	add(f.Times > 0, "x%d", f.Times)
	return strings.Join(words, " ")
}
