package sim

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxExpression is how long an expression may be, in characters.
const maxExpression = 4096

// parseExpression reads the expression of a rule. Its error is an *exprError.
func parseExpression(text string) (expression, error) {
	return (&exprParser{lexer: lexer{text: text}, fields: fields()}).parse()
}

// parseMatch reads which devices get a profile, as parseExpression does.
// Regular expressions are among its operators on every plan ("Device profiles,
// Operators").
func parseMatch(text string) (expression, error) {
	return (&exprParser{lexer: lexer{text: text}, fields: deviceFields(), devices: true}).parse()
}

func (p *exprParser) parse() (expression, error) {
	text := p.text
	if utf8.RuneCountInString(text) > maxExpression {
		return nil, p.fail(0, 1, "the expression is longer than 4096 characters")
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	e, err := p.disjunction()
	if err != nil {
		return nil, err
	}
	if p.now.kind != endOfText {
		return nil, p.unexpected("unrecognised input")
	}
	return e, nil
}

// exprParser goes by recursive descent, looking one piece ahead.
type exprParser struct {
	lexer
	fields  map[string]value
	devices bool // are what it is about
	now     lexeme
}

func (p *exprParser) advance() (err error) {
	p.now, err = p.next()
	return err
}

func (p *exprParser) unexpected(what string) error { return p.fail(p.now.at, p.now.size, what) }

// sees tells whether the next piece is one of these words or symbols.
func (p *exprParser) sees(options ...string) bool {
	return (p.now.kind == word || p.now.kind == symbol) && slices.Contains(options, p.now.text)
}

func (p *exprParser) expect(what string) error {
	if !p.sees(what) {
		return p.unexpected("expected " + what)
	}
	return p.advance()
}

// chain reads parts with the same operator between them.
func (p *exprParser) chain(part func() (expression, error), join func(e, f expression) expression, operators ...string) (expression, error) {
	e, err := part()
	for err == nil && p.sees(operators...) {
		if err = p.advance(); err != nil {
			break
		}
		var f expression
		if f, err = part(); err == nil {
			e = join(e, f)
		}
	}
	return e, err
}

func (p *exprParser) disjunction() (expression, error) {
	return p.chain(p.exclusion, expression.or, "or", "||")
}

func (p *exprParser) exclusion() (expression, error) {
	return p.chain(p.conjunction, expression.xor, "xor", "^^")
}

func (p *exprParser) conjunction() (expression, error) {
	return p.chain(p.negation, expression.and, "and", "&&")
}

func (p *exprParser) negation() (expression, error) {
	if !p.sees("not", "!") {
		return p.primary()
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	e, err := p.negation()
	if err != nil {
		return nil, err
	}
	return e.not(), nil
}

func (p *exprParser) primary() (expression, error) {
	switch {
	case p.sees("("):
		if err := p.advance(); err != nil {
			return nil, err
		}
		e, err := p.disjunction()
		if err != nil {
			return nil, err
		}
		return e, p.expect(")")
	case p.sees("true", "false"):
		return always(p.now.text == "true"), p.advance()
	case p.sees("starts_with"):
		return p.call(strings.HasPrefix)
	case p.sees("ends_with"):
		return p.call(strings.HasSuffix)
	case p.devices && p.sees("any"):
		return p.anyGroup()
	default:
		return p.test()
	}
}

// anyGroup reads a test that one of a device's groups has to stand.
func (p *exprParser) anyGroup() (expression, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	e, err := p.test()
	if err != nil {
		return nil, err
	}
	return e.anyGroup(), p.expect(")")
}

// call reads a function of a value and a text, behind whose name it is about to
// go on.
func (p *exprParser) call(is func(have, want string) bool) (expression, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	have, err := p.value()
	if err != nil {
		return nil, err
	}
	if err := p.expect(","); err != nil {
		return nil, err
	}
	want, err := p.literal()
	if err != nil {
		return nil, err
	}
	return have.compare(is, want), p.expect(")")
}

func (p *exprParser) literal() (string, error) {
	if p.now.kind != textLiteral {
		return "", p.unexpected("expected a string")
	}
	text := p.now.text
	return text, p.advance()
}

func (p *exprParser) value() (value, error) {
	if p.sees("lower", "upper") {
		return p.cased()
	}
	if p.now.kind != word {
		return nil, p.unexpected("expected a field or a function")
	}
	name := p.now
	if err := p.advance(); err != nil {
		return nil, err
	}
	text := name.text
	if p.sees("[*]") { // of a list
		text += "[*]"
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	field, known := p.fields[text]
	switch {
	case known:
		return field, nil
	case strings.Contains(text, "."):
		return nil, p.fail(name.at, name.size, "unknown identifier (the simulator knows "+strings.Join(slices.Sorted(maps.Keys(p.fields)), ", ")+")")
	default:
		return nil, p.fail(name.at, name.size, "unknown identifier")
	}
}

func (p *exprParser) cased() (value, error) {
	change := strings.ToLower
	if p.now.text == "upper" {
		change = strings.ToUpper
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	inner, err := p.value()
	if err != nil {
		return nil, err
	}
	return func(s subject) string { return change(inner(s)) }, p.expect(")")
}

// test reads a comparison.
func (p *exprParser) test() (expression, error) {
	have, err := p.value()
	if err != nil {
		return nil, err
	}
	switch {
	case p.sees("matches", "~") && p.devices:
		return p.matching(have)
	case p.sees("matches", "~"):
		return nil, &exprError{entitled: true,
			what: "the use of operator Matches is not allowed, a Business plan or a WAF Advanced plan is required"}
	case p.sees("lt", "le", "gt", "ge", "<", "<=", ">", ">="):
		return nil, p.unexpected("the simulator does not know this operator")
	case p.sees("in"):
		return p.oneOf(have)
	}
	operator := p.now
	if err := p.advance(); err != nil {
		return nil, err
	}
	if operator.text == "strict" && p.sees("wildcard") {
		operator.text = "strict wildcard"
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	is, known := comparisons()[operator.text]
	if !known || operator.kind == textLiteral {
		return nil, p.fail(operator.at, operator.size, "unrecognised input")
	}
	literal := p.now
	want, err := p.literal()
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(operator.text, "wildcard") {
		if what := badWildcard(want); what != "" {
			return nil, p.fail(literal.at, literal.size, what)
		}
	}
	return have.compare(is, want), nil
}

// badWildcard tells what is wrong with the text of a wildcard operator.
func badWildcard(form string) string {
	switch {
	case strings.Contains(form, "**"):
		return "wildcard operator argument contains a double star"
	case strings.Contains(form, `\`):
		return "the simulator does not know escapes in wildcards"
	}
	return ""
}

// oneOf reads a list of texts, which stand beside each other without commas.
func (p *exprParser) oneOf(have value) (expression, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.expect("{"); err != nil {
		return nil, err
	}
	var list []string
	for !p.sees("}") {
		text, err := p.literal()
		if err != nil {
			return nil, err
		}
		list = append(list, text)
	}
	return func(s subject) bool { return slices.Contains(list, have(s)) }, p.advance()
}

// matching reads a regular expression.
func (p *exprParser) matching(have value) (expression, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	literal := p.now
	text, err := p.literal()
	if err != nil {
		return nil, err
	}
	form, err := regexp.Compile(text)
	if err != nil {
		return nil, p.fail(literal.at, literal.size, "invalid regular expression")
	}
	return func(s subject) bool { return form.MatchString(have(s)) }, nil
}
