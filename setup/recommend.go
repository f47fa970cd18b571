package setup

// Reply is an answer to a question that may not have been answered yet.
type Reply string

// Replies.
const (
	Unanswered Reply = ""
	Yes        Reply = "yes"
	No         Reply = "no"
)

// Questions are what has to be known to say how the team should come in.
type Questions struct {
	WARP    Reply `json:"warp,omitempty"`    // does everybody of the team install WARP?
	Domain  Reply `json:"domain,omitempty"`  // is there a domain at Cloudflare, or will there be?
	Padlock Reply `json:"padlock,omitempty"` // must browsers show a padlock?
	// Guide: the DNS server of the app's guide runs here, so devices ask it already.
	Guide bool `json:"guide,omitempty"`
}

// Answered says whether a mode can be recommended.
func (q Questions) Answered() bool {
	return q.WARP != Unanswered && q.Domain != Unanswered && q.Padlock != Unanswered
}

// Recommendation is the mode that fits, with reasons for people.
type Recommendation struct {
	Mode    Mode
	Reasons []string
	Needs   []string // what has to be there first, or is not to be had
}

// Recommend says how the team should come in.
func Recommend(q Questions) Recommendation {
	switch {
	case q.WARP != Yes:
		return recommendPublic(q, "Not everybody has WARP. A browser and a code by e-mail are enough here.")
	case q.Domain == Yes && q.Padlock == Yes:
		return recommendPublic(q, "You want a padlock, and Cloudflare gives one for your domain by itself, and renews it.")
	case q.Guide:
		return Recommendation{Mode: ModeFallback, Needs: privateNeeds(q), Reasons: []string{
			"Your team's devices ask the DNS server of the guide already. This way keeps that, with an address that cannot change and nothing else of your server in reach.",
		}}
	}
	return Recommendation{Mode: ModeHostname, Needs: privateNeeds(q), Reasons: []string{
		"Everybody has WARP, so the team's pages need not be on the internet at all.",
		"Of the two ways with WARP this one has fewer parts: no DNS server of your own, and no route by address.",
	}}
}

func recommendPublic(q Questions, why string) Recommendation {
	r := Recommendation{Mode: ModePublic, Reasons: []string{why, "Nothing is changed for anybody else in your Cloudflare account, nor on any device."}}
	if q.Domain != Yes {
		r.Needs = []string{"This way needs a domain at Cloudflare; without one, only the ways with WARP work, and no webhook arrives."}
	}
	return r
}

func privateNeeds(q Questions) []string {
	var needs []string
	if q.Domain != Yes {
		needs = append(needs, "Without a domain at Cloudflare no webhook can arrive: messengers do not have WARP.")
	}
	if q.Padlock == Yes {
		needs = append(needs, "Without a domain nobody gives a certificate that browsers know. For a padlock, devices have to trust a certificate authority of your own.")
	}
	return needs
}
