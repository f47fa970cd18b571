package setup

import (
	"regexp"
	"slices"
	"strings"
)

// Offers are what is in the way and no longer is once the operator agrees.
func (p Plan) Offers() []Barrier {
	var offers []Barrier
	for _, b := range p.Barriers {
		if b.Offer != nil {
			offers = append(offers, b)
		}
	}
	return offers
}

// Given is the consent that accepts an offer.
func (b Barrier) Given() GivenConsent { return GivenConsent{b.Key, *b.Offer} }

// Flag is what agrees to an offer on the command line, as a shell takes it.
func (b Barrier) Flag() string {
	word := b.Key.Short()
	if !plainWord.MatchString(word) {
		word = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return "--agree " + word
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_@%+:,./-]+$`)

// Agreeing names what an offer asks for, and says what comes of it.
func (b Barrier) Agreeing() (label, does string) {
	switch {
	case b.Opens():
		return "All of this may be reached", "By your team, behind its login. The route is made together with the other changes, and you are not asked again for what joins the network later."
	case b.Beside:
		return "It may stay", "Nothing of it is changed. What this setup makes is narrower, so it counts for the address of this setup, and theirs for everything else."
	case b.Key.Kind == KindShadow:
		return "It may be taken out", "It is taken out together with the other changes, for everybody in the account. Taking the setup down puts it back."
	case b.Key.Kind == KindFallback:
		return "It may be changed", "It is changed to what this setup needs, for everybody in the account. Taking the setup down puts it back."
	}
	return "Take it over", "It becomes part of this setup and is changed to what it needs. Taking the setup down puts it back."
}

// Agree adds a consent to others, in the place of one for the same object, which
// was given when that was something else.
func Agree(all []GivenConsent, g GivenConsent) []GivenConsent {
	kept := slices.DeleteFunc(slices.Clone(all), func(have GivenConsent) bool {
		return have.Key == g.Key && have.ObjectID == g.ObjectID
	})
	return append(kept, g)
}
