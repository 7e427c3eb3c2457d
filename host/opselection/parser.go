package opselection

import (
	"fmt"
	"strings"
)

// Parse reads a selection; empty text selects all. When problems are returned,
// in the order of the text, the selection holds the clauses without any.
func Parse(text string) (Selection, []Problem) {
	if len(text) > MaxBytes {
		return Selection{}, []Problem{{Message: fmt.Sprintf("it is %d bytes long; at most %d are allowed", len(text), MaxBytes)}}
	}
	p := parser{tokens: tokens(text)}
	if p.peek().kind == end {
		return Selection{Clauses: []Clause{{Place: p.peek().at, Expr: All{}}}}, nil
	}
	var s Selection
	var problems []Problem
	for {
		at := p.peek().at
		p.depth, p.open = 0, 0
		if e, problem := p.clause(); problem == nil {
			s.Clauses = append(s.Clauses, Clause{Place: at, Expr: e})
		} else {
			problems = append(problems, *problem)
			p.skip()
		}
		if p.peek().kind == end || len(problems) == MaxProblems {
			return s, problems
		}
		p.next++ // the comma
	}
}

// parser goes through tokens, the last of which is end. Its methods stop at the first problem.
type parser struct {
	tokens []token
	next   int
	// depth is the nesting, open the number of parentheses that are open.
	depth, open int
}

func (p *parser) peek() token { return p.tokens[p.next] }

func (p *parser) is(k kind) bool { return p.peek().kind == k }

// word tells whether one of these is next as an operator.
func (p *parser) word(lower, upper string) bool {
	t := p.peek()
	return t.kind == word && (t.text == lower || t.text == upper)
}

// skip goes on to the comma that ends the clause, or to the end.
func (p *parser) skip() {
	for ; !p.is(end); p.next++ {
		switch p.peek().kind {
		case opening:
			p.open++
		case closing:
			p.open--
		case comma:
			if p.open <= 0 {
				return
			}
		default:
		}
	}
}

func (p *parser) problem(at Place, format string, args ...any) *Problem {
	return &Problem{Place: at, Message: fmt.Sprintf(format, args...)}
}

// unexpected is the problem that something else was expected than what is next.
func (p *parser) unexpected(expected string) *Problem {
	t := p.peek()
	if t.kind == broken {
		return p.problem(t.at, "%s", t.text)
	}
	return p.problem(t.at, "expected %s, found %s", expected, t)
}

// clause reads up to a comma, or to the end of the text or the parentheses.
func (p *parser) clause() (Expr, *Problem) {
	e, problem := p.anyOf()
	if problem != nil {
		return nil, problem
	}
	switch t := p.peek(); t.kind {
	case comma, end:
		return e, nil
	case closing:
		if p.open > 0 {
			return e, nil
		}
		return nil, p.problem(t.at, "this ) closes nothing")
	default:
		if p.open > 0 {
			return nil, p.unexpected("and, or, a comma or )")
		}
		return nil, p.unexpected("and, or, a comma or the end")
	}
}

func (p *parser) anyOf() (Expr, *Problem) {
	var of []Expr
	for {
		e, problem := p.allOf()
		if problem != nil {
			return nil, problem
		}
		of = appendOr(of, e)
		if !p.word("or", "OR") {
			return oneOr(of), nil
		}
		p.next++
	}
}

func (p *parser) allOf() (Expr, *Problem) {
	var of []Expr
	for {
		e, problem := p.factor()
		if problem != nil {
			return nil, problem
		}
		if inner, ok := e.(And); ok {
			of = append(of, inner.Of...)
		} else {
			of = append(of, e)
		}
		if !p.word("and", "AND") {
			break
		}
		p.next++
	}
	if len(of) == 1 {
		return of[0], nil
	}
	return And{Of: of}, nil
}

func (p *parser) factor() (Expr, *Problem) {
	if !p.word("not", "NOT") || p.alone() {
		return p.around()
	}
	at := p.peek().at
	p.next++
	if problem := p.enter(at); problem != nil {
		return nil, problem
	}
	e, problem := p.factor()
	p.depth--
	return Not{Of: e}, problem
}

// enter goes one level deeper, or says that this is too deep.
func (p *parser) enter(at Place) *Problem {
	if p.depth == MaxDepth {
		return p.problem(at, "this nests deeper than %d", MaxDepth)
	}
	p.depth++
	return nil
}

// alone tells whether the word that is next stands between commas, parentheses
// or the ends of the text, with nothing but signs and numbers that touch it. It
// is then the path of an op, whatever word it is.
func (p *parser) alone() bool {
	first, last := p.next, p.next
	for p.tokens[first].glued && isSign(p.tokens[first-1]) {
		first--
	}
	for last+1 < len(p.tokens) && p.tokens[last+1].glued && isSign(p.tokens[last+1]) {
		last++
	}
	if first > 0 {
		if k := p.tokens[first-1].kind; k != comma && k != opening {
			return false
		}
	}
	k := p.tokens[last+1].kind
	return k == comma || k == closing || k == end
}

func isSign(t token) bool { return t.kind == signs || t.kind == word && isNumber(t.text) }

func appendOr(of []Expr, e Expr) []Expr {
	if inner, ok := e.(Or); ok {
		return append(of, inner.Of...)
	}
	return append(of, e)
}

func oneOr(of []Expr) Expr {
	if len(of) == 1 {
		return of[0]
	}
	return Or{Of: of}
}

// levelsOf reads signs without a number: "*" is all, n times "+" is n.
func (p *parser) levelsOf(t token) (int, *Problem) {
	switch {
	case t.text == "*":
		return AllLevels, nil
	case strings.Trim(t.text, "+") == "":
		return len(t.text), nil
	case strings.Trim(t.text, "*") == "":
		return 0, p.problem(t.at, "%.80q is more than one *; one * means all levels", t.text)
	default:
		return 0, p.problem(t.at, "%.80q mixes + and *; use one of them on a side", t.text)
	}
}
