package journey

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/culvert/culvert/dockerx/found"
	"github.com/culvert/culvert/engine"
	"github.com/culvert/culvert/setup"
)

// Offers says whether a way in can be chosen.
func (j *Journey) Offers(m setup.Mode) bool {
	return m == "" || m == setup.ModePublic || slices.Contains(j.Modes, m)
}

func (j *Journey) checkOffered(m setup.Mode) []setup.FieldError {
	if j.Offers(m) || !m.Private() { // what is no way in at all is told with the answers
		return nil
	}
	return []setup.FieldError{{Field: "mode", Message: "This version sets up the way through the public address only. Choose public."}}
}

func (j *Journey) frontDir(s setup.Stack) string {
	if j.FrontDirs == "" || s.Project == "" {
		return ""
	}
	return filepath.Join(j.FrontDirs, s.Project)
}

// aboutWayIn says whether a field belongs to the page about the way in.
func aboutWayIn(field string) bool {
	return field == "mode" || field == "settings" || field == "site" || strings.HasPrefix(field, "private.")
}

// SaveWayIn stores what was answered and chosen about the way in, right or
// wrong, and says what is wrong.
func (j *Journey) SaveWayIn(ctx context.Context, id setup.SetupID, typed Draft) ([]setup.FieldError, error) {
	row, draft, err := j.load(ctx, id)
	if err != nil {
		return nil, err
	}
	subnet := draft.Inside.Subnet
	draft.Questions, draft.Mode, draft.Inside = typed.Questions, typed.Mode, typed.Inside
	draft.Fixes, draft.Site = typed.Fixes, typed.Site
	if draft.Inside.Subnet == "" {
		draft.Inside.Subnet = subnet // chosen once and kept
	}
	if err := j.saveDraft(ctx, row, draft); err != nil {
		return nil, err
	}
	answers, bad := j.resolve(id, draft)
	kept, err := j.keepsName(ctx, answers)
	if err != nil {
		return nil, err
	}
	bad = slices.DeleteFunc(append(bad, kept...), func(e setup.FieldError) bool { return !aboutWayIn(e.Field) })
	if len(bad) == 0 {
		j.lookSoon(id)
	}
	return bad, nil
}

// keepsName says whether the private name is to be changed under the feet of a team
// that comes in by the old one. It is told where the name is chosen: what was
// agreed to would be wanted, and could not be had.
func (j *Journey) keepsName(ctx context.Context, answers setup.Answers) ([]setup.FieldError, error) {
	approved, err := j.Store.Approved(ctx)
	if err != nil || approved[answers.Setup].Answers == nil {
		return nil, err
	}
	ledger, err := j.Store.Ledger(ctx)
	if err != nil {
		return nil, err
	}
	if why := answers.NameKept(*approved[answers.Setup].Answers, ledger); why != "" {
		return []setup.FieldError{{Field: "private.name", Message: why}}, nil
	}
	return nil, nil
}

// ChooseRange takes another range of addresses if the one of the draft cannot
// be had, and says whether it did. A range in which something of ours stands
// already is kept, whatever is in its way: devices know it.
func (j *Journey) ChooseRange(ctx context.Context, id setup.SetupID, p engine.Planned) (bool, error) {
	if p.Answers == nil || p.Answers.Private == nil || !p.Answers.RangeTaken(p.Plan, p.Ledger) {
		return false, nil
	}
	subnet, ok := setup.FreeSubnet(p.World)
	row, draft, err := j.load(ctx, id)
	if err != nil || !ok || subnet == draft.Inside.Subnet {
		return false, err
	}
	draft.Inside.Subnet = subnet
	return true, j.saveDraft(ctx, row, draft)
}

// followsGuide says whether the DNS server of the app's guide runs beside it.
func followsGuide(c *Candidate) bool {
	return c != nil && slices.ContainsFunc(c.Project.Services, func(s found.Service) bool {
		return s.Running > 0 && strings.Contains(s.Image, "dnsmasq")
	})
}
