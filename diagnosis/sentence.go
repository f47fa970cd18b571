package diagnosis

import (
	"fmt"
	"strings"
	"time"

	"github.com/culvert/culvert/setup"
)

// Told is a sentence in parts, so that a page can let its times grow.
type Told struct {
	Begin  string    `json:"begin"`           // what is the matter, without a full stop
	Since  time.Time `json:"since,omitzero"`  // since when; zero: that is not said
	Proven time.Time `json:"proven,omitzero"` // when that was proven; zero: that is not said
	End    string    `json:"end,omitempty"`   // what more there is to say

	Outside bool `json:"-"` // the proof is from outside, and not from this server alone
}

// told is what stands on top: do messages arrive, since when not, why.
func (in Input) told(c Condition) Told {
	if !c.Switched {
		return in.notSwitched(c)
	}
	good, bad, unknown := sortChannels(c.Channels)
	if len(c.Findings) == 0 {
		return in.fine(c, len(good))
	}
	worst := c.Findings[0]
	switch {
	case worst.Severity == setup.SeverityOpen:
		return Told{Begin: upTo(worst.Title), Since: worst.Since, End: in.doorsEnd(good, bad, unknown)}
	case len(bad) > 0:
		return in.silent(c, good, bad)
	case worst.Severity == setup.SeverityBroken:
		return Told{Begin: upTo(worst.Title), Since: worst.Since, End: in.doorsEnd(good, bad, unknown)}
	case len(unknown) > 0:
		return Told{Begin: "It is not known whether messages arrive", End: worst.Title}
	case worst.Severity == setup.SeverityUnknown && !in.live():
		return Told{Begin: "Not everything is known", End: worst.Title}
	case worst.Severity == setup.SeverityUnknown:
		return Told{Begin: doorsLine(good, bad, unknown), End: "Not everything is known: " + lower(worst.Title)}
	}
	told := in.fine(c, len(good))
	told.End = strings.TrimSpace(told.End + " But: " + lower(worst.Title))
	return told
}

// sentence is all of it, with the ages as they are now, in the time zone of the
// input's clock: "WhatsApp messages do NOT arrive since 01:47 (13 min). Telegram
// fine. Its door in Cloudflare was deleted."
func (in Input) sentence(t Told) string {
	text := t.Begin
	if !t.Since.IsZero() {
		text += in.since(t.Since)
	}
	if !t.Proven.IsZero() {
		text += "; proven " + Age(in.Now.Sub(t.Proven)) + " ago"
	}
	return strings.TrimSpace(text + ". " + t.End)
}

func (in Input) notSwitched(c Condition) Told {
	if len(c.Findings) > 0 {
		return Told{Begin: upTo(c.Findings[0].Title)}
	}
	if in.Answers.Private != nil && in.Answers.Hostname == "" {
		return Told{Begin: "Your team is not led to " + in.Answers.Private.Name + " yet"}
	}
	return Told{Begin: "The address does not lead through Cloudflare yet"}
}

func sortChannels(all []Channel) (good, bad, unknown []Channel) {
	for _, ch := range all {
		switch ch.Light {
		case Good:
			good = append(good, ch)
		case Bad:
			bad = append(bad, ch)
		default:
			unknown = append(unknown, ch)
		}
	}
	return good, bad, unknown
}

// fine: "3 of 3 channels reach the app; everything else is locked; proven 40 s
// ago."
func (in Input) fine(c Condition, good int) Told {
	if c.Light == Unknown {
		return Told{Begin: "It is not known yet how things stand", End: "The first checks are being made."}
	}
	if !in.live() {
		return Told{Begin: fmt.Sprintf("Your team’s way to %s is proven as far as this server sees it", in.Answers.Private.Name), Proven: c.Proven}
	}
	doors := fmt.Sprintf("%d of %d channels reach the app", good, len(c.Channels))
	if len(c.Channels) == 0 {
		doors = "No channel is open"
	}
	told := Told{Begin: doors + "; everything else is locked", Proven: c.Proven, Outside: true}
	if in.Answers.LedIn(in.Ledger) {
		told.End = fmt.Sprintf("Your team’s way to %s is proven as far as this server sees it.", in.Answers.Private.Name)
	}
	return told
}

// silent: "WhatsApp messages do NOT arrive since 01:47 (13 min). Telegram fine.
// Its door in Cloudflare was deleted."
func (in Input) silent(c Condition, good, bad []Channel) Told {
	who := sentenceList(channelNames(bad)) + " messages do NOT arrive"
	if len(good) == 0 && len(bad) == len(c.Channels) {
		who = "NO messages arrive"
	}
	first := in.of(c, bad[0])
	end := first.Title
	if len(good) > 0 {
		end = sentenceList(channelNames(good)) + " fine. " + end
	}
	return Told{Begin: who, Since: first.Since, End: strings.TrimSpace(end)}
}

// of is the worst finding about a channel.
func (in Input) of(c Condition, ch Channel) setup.Finding {
	for _, f := range c.Findings {
		if len(ch.Findings) > 0 && f.ID == ch.Findings[0] {
			return f
		}
	}
	return setup.Finding{}
}

func doorsLine(good, bad, unknown []Channel) string {
	switch {
	case len(bad) > 0:
		return sentenceList(channelNames(bad)) + " messages do NOT arrive"
	case len(good)+len(unknown) == 0:
		return "No channel is open"
	case len(good) == 0:
		return "It is not known yet whether messages arrive"
	}
	line := fmt.Sprintf("%d of %d channels reach the app", len(good), len(good)+len(unknown))
	if len(unknown) > 0 {
		line += "; of " + sentenceList(channelNames(unknown)) + " it is not known yet"
	}
	return line
}

// doorsEnd goes on with the channels, where there is a public name for them.
func (in Input) doorsEnd(good, bad, unknown []Channel) string {
	if !in.live() {
		return ""
	}
	return doorsLine(good, bad, unknown) + "."
}

func channelNames(all []Channel) []string {
	names := make([]string, len(all))
	for i, ch := range all {
		names[i] = ch.Name
	}
	return names
}

// since: " since 01:47 (13 min)".
func (in Input) since(at time.Time) string {
	ago := in.Now.Sub(at)
	layout := "15:04"
	if ago > 20*time.Hour {
		layout = "2 Jan 15:04"
	}
	return fmt.Sprintf(" since %s (%s)", at.In(in.Now.Location()).Format(layout), Age(ago))
}

// Age is a duration as people say it: 40 s, 13 min, 3 h, 2 d.
func Age(d time.Duration) string {
	switch d = max(d, 0); {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d d", int(d.Hours()/24))
}

// upTo is a sentence without its full stop, to go on with.
func upTo(sentence string) string { return strings.TrimSuffix(sentence, ".") }

// lower begins a sentence with a small letter, but for names.
func lower(sentence string) string {
	for _, name := range []string{"Cloudflare", "Docker", "Zero Trust", "Culvert", "/"} {
		if strings.HasPrefix(sentence, name) {
			return sentence
		}
	}
	return strings.ToLower(sentence[:1]) + sentence[1:]
}
