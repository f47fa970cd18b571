package cloudflare

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/culvert/culvert/setup"
)

// enrolmentType is the type of the application through which devices join.
const enrolmentType = "warp"

// readAccess lists the applications once, for all that is made of them: those
// that protect something, and the one through which devices join.
func (c *Client) readAccess(ctx context.Context, v setup.View) []part {
	rows, err := c.list(ctx, readingApps, appsPath(v.Account), nil)
	enrol := func(row json.RawMessage) bool { return gjson.GetBytes(row, "type").String() == enrolmentType }
	apps := decodeAll(setup.ReadScope{Kind: setup.KindApp, Scope: v.Account}, slices.DeleteFunc(slices.Clone(rows), enrol), err, decodeApp)
	own := part{at: setup.ReadScope{Kind: setup.KindEnrolment, Scope: v.Account}, err: err}
	rules := part{at: setup.ReadScope{Kind: setup.KindEnrolmentRule, Scope: v.Account}, err: err}
	for _, row := range rows {
		if enrol(row) {
			e := enrolment{raw: row}
			own.objects = append(own.objects, *e.app(v.Account))
			rules.objects = append(rules.objects, e.rules(v.Account)...)
		}
	}
	return []part{apps, own, rules}
}

// enrolment is the application through which devices join, with its rules: one
// document. Without any the account has none.
type enrolment struct{ raw json.RawMessage }

func (n enrolment) appID() string { return gjson.GetBytes(n.raw, "id").String() }

func (n enrolment) app(account string) *setup.Object {
	if n.raw == nil {
		return nil
	}
	session := cmp.Or(gjson.GetBytes(n.raw, "session_duration").String(), usualSession)
	mark, _ := setup.FindMark(gjson.GetBytes(n.raw, "name").String())
	return &setup.Object{Scope: account, ID: n.appID(), Mark: mark, Raw: n.raw, State: setup.Enrolment{Session: session}}
}

func (n enrolment) rules(account string) []setup.Object {
	var found []setup.Object
	for _, l := range links(n.raw) {
		found = append(found, setup.Object{Scope: account, ID: l.ID, State: setup.EnrolmentRule{App: setup.Lit(n.appID()), Policy: setup.Lit(l.ID)}})
	}
	return found
}

// ruleOf is the rule that an entry is about.
func ruleOf(e setup.Entry) setup.EnrolmentRule {
	if rule, ok := e.To.(setup.EnrolmentRule); ok {
		return rule
	}
	rule, _ := e.From.(setup.EnrolmentRule)
	return rule
}

func (n enrolment) object(e setup.Entry) *setup.Object {
	if e.Key.Kind == setup.KindEnrolment {
		return n.app(e.Key.Scope)
	}
	for _, o := range n.rules(e.Key.Scope) {
		if o.ID == ruleOf(e).Policy.Lit && o.State.(setup.EnrolmentRule).App == ruleOf(e).App {
			return &o
		}
	}
	return nil
}

// id of the application is Cloudflare's to give.
func (n enrolment) id(e setup.Entry) string {
	if e.Key.Kind == setup.KindEnrolment {
		return cmp.Or(n.appID(), e.ID)
	}
	return ruleOf(e).Policy.Lit
}

func (n enrolment) same(other content) bool { return string(n.raw) == string(other.(enrolment).raw) }

func (n enrolment) apply(e setup.Entry) (content, *setup.Problem) {
	switch {
	case e.Key.Kind == setup.KindEnrolmentRule:
		return n.withRule(e)
	case e.Verb == setup.Delete:
		return enrolment{}, nil
	case n.raw == nil:
		return enrolment{with([]byte(`{"type":"`+enrolmentType+`","policies":[]}`), "session_duration", e.To.(setup.Enrolment).Session)}, nil
	case setup.Same(n.app("").State, e.To):
		return n, nil
	}
	return enrolment{with(n.raw, "session_duration", e.To.(setup.Enrolment).Session)}, nil
}

// withRule attaches a policy behind the others, or detaches it.
func (n enrolment) withRule(e setup.Entry) (content, *setup.Problem) {
	if n.raw == nil || n.appID() != ruleOf(e).App.Lit {
		if e.Verb == setup.Delete {
			return n, nil
		}
		return n, refused(setup.CodeChanged, "The application through which devices join is another one by now. Look again; nothing was changed.")
	}
	all := links(n.raw)
	at := slices.IndexFunc(all, func(l linkBody) bool { return l.ID == ruleOf(e).Policy.Lit })
	switch {
	case e.Verb == setup.Delete && at >= 0:
		all = slices.Delete(all, at, at+1)
	case e.Verb == setup.Create && at < 0:
		last := 0
		for _, l := range all {
			last = max(last, l.Precedence)
		}
		all = append(all, linkBody{ruleOf(e).Policy.Lit, last + 1})
	default:
		return n, nil
	}
	return enrolment{with(n.raw, "policies", all)}, nil
}

// enrolmentSheet is the application in its account.
type enrolmentSheet struct {
	*Client
	account string
}

// read finds the application by its type: an account has one at most.
func (s enrolmentSheet) read(ctx context.Context, _ []setup.Entry) (content, error) {
	rows, err := s.list(ctx, readingApps, appsPath(s.account), nil)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if gjson.GetBytes(row, "type").String() == enrolmentType {
			return enrolment{row}, nil
		}
	}
	return enrolment{}, nil
}

func (s enrolmentSheet) write(ctx context.Context, before, after content) error {
	was, now := before.(enrolment), after.(enrolment)
	var err error
	switch {
	case was.raw == nil:
		_, err = s.Client.write(ctx, op{"make the application through which devices join", needsApps}, http.MethodPost, appsPath(s.account), []byte(now.raw))
	case now.raw == nil:
		_, err = s.Client.write(ctx, op{"delete the application through which devices join", needsApps}, http.MethodDelete, appsPath(s.account, was.appID()), nil)
	default:
		body := with(without(now.raw, appReadOnly...), "policies", links(now.raw))
		_, err = s.Client.write(ctx, op{"change who may add a device", needsApps}, http.MethodPut, appsPath(s.account, was.appID()), body)
	}
	return err
}
