package opselection

import (
	"strconv"
	"strings"
)

const operandExpected = `an op, name:"…", roots(…), sinks(…), not or (`

// around reads an operand with the signs before and behind it.
func (p *parser) around() (Expr, *Problem) {
	if p.is(signs) && p.peek().text == "*" && !p.operandFollows() {
		p.next++
		return All{}, nil
	}
	up, problem := p.up()
	if problem != nil {
		return nil, problem
	}
	e, problem := p.operand()
	if problem != nil {
		return nil, problem
	}
	down, problem := p.down()
	if problem != nil {
		return nil, problem
	}
	if up == 0 && down == 0 {
		return e, nil
	}
	return Around{Of: e, Up: up, Down: down}, nil
}

// operandFollows tells whether an operand is behind the token that is next.
func (p *parser) operandFollows() bool {
	p.next++
	defer func() { p.next-- }()
	switch t := p.peek(); t.kind {
	case end, comma, closing:
		return false
	case word:
		return !reserved(t.text) || p.alone()
	default:
		return true
	}
}

func (p *parser) up() (levels int, problem *Problem) {
	switch t := p.peek(); {
	case t.kind == signs:
		p.next++
		return p.levelsOf(t)
	case t.kind == word && isNumber(t.text):
		sign := p.tokens[p.next+1]
		if sign.kind != signs || sign.text != "+" {
			return 0, p.notLevels(t, sign)
		}
		p.next += 2
		return p.number(t)
	default:
		return 0, nil
	}
}

func (p *parser) down() (levels int, problem *Problem) {
	t := p.peek()
	if t.kind != signs {
		return 0, nil
	}
	p.next++
	n := p.peek()
	if n.kind != word || !isNumber(n.text) {
		return p.levelsOf(t)
	}
	if t.text != "+" {
		return 0, p.notLevels(n, t)
	}
	p.next++
	return p.number(n)
}

// notLevels is the problem of a number that has no single plus beside it.
func (p *parser) notLevels(number, sign token) *Problem {
	if sign.kind == signs {
		return p.problem(number.at, "a number of levels takes one +, as in %[1]s+name or name+%[1]s, not %.20[2]q", clip(number.text), sign.text)
	}
	return p.problem(number.at, "expected an op, found the number %[1]s; for levels write %[1]s+name or name+%[1]s", clip(number.text))
}

func (p *parser) number(t token) (int, *Problem) {
	n, err := strconv.Atoi(t.text)
	if err != nil || n > MaxLevels {
		return 0, p.problem(t.at, "%s levels are more than %d, which is the most; * means all", clip(t.text), MaxLevels)
	}
	return n, nil
}

func clip(text string) string { return text[:min(len(text), 20)] }

func (p *parser) operand() (Expr, *Problem) {
	t := p.peek()
	switch t.kind {
	case opening:
		return p.parentheses()
	case quoted:
		return nil, p.problem(t.at, `text in quotation marks has name: before it: write name:%.80q`, t.text)
	case word:
	default:
		return nil, p.unexpected(operandExpected)
	}
	if reserved(t.text) && !p.alone() {
		return nil, p.reservedHere(t)
	}
	p.next++
	switch p.peek().kind {
	case value:
		if t.text != "name" {
			return nil, p.problem(t.at, `ops are not selected by %.80q; name:"…" is what there is`, t.text)
		}
		v := p.peek()
		p.next++
		if strings.Contains(v.text, "*") {
			return Pattern{Place: v.at, Glob: v.text}, nil
		}
		return Name{Place: v.at, Path: v.text}, nil
	case opening:
		side := Side(t.text)
		if side != Roots && side != Sinks {
			return nil, p.problem(t.at, "there is no function %.80q; there are roots(…) and sinks(…)", t.text)
		}
		of, problem := p.arguments()
		return Ends{Of: of, Side: side}, problem
	case broken:
		return nil, p.unexpected("")
	default:
		return Name{Place: t.at, Path: t.text}, nil
	}
}

// reservedHere is the problem of an operator where an operand belongs.
func (p *parser) reservedHere(t token) *Problem {
	if strings.EqualFold(t.text, "not") {
		return p.problem(t.at, "%s cannot follow a sign; write the sign before parentheses, as in +(not name)", t.text)
	}
	return p.problem(t.at, `expected %s, found %q; an op that is called so is name:"%s"`, operandExpected, t.text, t.text)
}

// arguments are the selection in a function's parentheses; none means all ops.
func (p *parser) arguments() (Expr, *Problem) {
	if p.tokens[p.next+1].kind == closing {
		p.next += 2
		return All{}, nil
	}
	return p.parentheses()
}

func (p *parser) parentheses() (Expr, *Problem) {
	first := p.peek()
	if problem := p.enter(first.at); problem != nil {
		return nil, problem
	}
	p.next++
	p.open++
	var of []Expr
	for {
		e, problem := p.clause()
		if problem != nil {
			return nil, problem
		}
		of = appendOr(of, e)
		switch p.peek().kind {
		case closing:
			p.next++
			p.open--
			p.depth--
			return oneOr(of), nil
		case comma:
			p.next++
		default:
			return nil, p.problem(first.at, "this ( is not closed")
		}
	}
}
