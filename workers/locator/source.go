package locator

import (
	"regexp"
	"strings"
)

// Source is code in which locators are looked for.
type Source struct {
	r     reader
	lines []int // where each begins
}

// Read splits code; there is none that it refuses.
func Read(code string) Source {
	s := Source{r: reader{src: code, tokens: scan(code)}, lines: []int{0}}
	for i := range len(code) {
		if code[i] == '\n' {
			s.lines = append(s.lines, i+1)
		}
	}
	return s
}

// Expression is one that stands in a source at [From, To), in the lines First to Last, from 1.
type Expression struct {
	From, To    int
	First, Last int
}

// Use is a locator in a source.
type Use struct {
	Expression
	// Chain is nil when it is not all written out.
	Chain Chain
	// Page is what it is called on, for example "page" or "this.page".
	Page string
	// Method is what is then called, for example "click", with Args that are written out; nil for none.
	Method string
	Args   []Value
}

// Claim is the matcher of an assertion with its arguments: what stands after the dot.
type Claim struct {
	Expression
	Matcher string
	// Args are nil when they are not all written out; Known says that they are.
	Args  []Value
	Known bool
	// Negated: "not" stands before it.
	Negated bool
	// Of is what it is about.
	Of Expression
}

func (s Source) line(at int) int {
	n := 0
	for n < len(s.lines) && s.lines[n] <= at {
		n++
	}
	return n
}

// expression is that of the tokens [i, end).
func (s Source) expression(i, end int) Expression {
	if end = min(end, len(s.r.tokens)); end <= i {
		return Expression{}
	}
	from, to := s.r.tokens[i].from, s.r.tokens[end-1].to
	return Expression{from, to, s.line(from), s.line(to - 1)}
}

// Uses are the locators of the source, in order; those within another's arguments are part of it.
func (s Source) Uses() []Use {
	var out []Use
	r := s.r
	for i := 0; i < len(r.tokens); i++ {
		if !r.starts(i) || r.at(i-1) != "." {
			continue
		}
		c, end, ok := r.chain(i)
		u := Use{Expression: s.expression(i, end), Page: r.receiver(i - 1)}
		if ok {
			u.Chain = c
		}
		if r.at(end) == "." && r.kind(end+1) == word && r.at(end+2) == "(" {
			u.Method = r.at(end + 1)
			u.Args, _, _ = r.values(end+3, ")")
		}
		out = append(out, u)
		i = end - 1
	}
	return out
}

// receiver is the name, with its dots, that stands before the dot at i; "" when it is none.
func (r reader) receiver(i int) string {
	name := ""
	for r.at(i) == "." && r.kind(i-1) == word {
		if name != "" {
			name = "." + name
		}
		name = r.at(i-1) + name
		i -= 2
	}
	if r.at(i) == "." {
		return ""
	}
	return name
}

var matcher = regexp.MustCompile(`^to[A-Z]\w*$`)

// Claims are the assertions of the source, in order.
func (s Source) Claims() []Claim {
	var out []Claim
	r := s.r
	for i := range r.tokens {
		if r.kind(i) != word || !matcher.MatchString(r.at(i)) || r.at(i-1) != "." || r.at(i+1) != "(" {
			continue
		}
		before := i - 2
		c := Claim{Expression: s.expression(i, r.close(i+1)), Matcher: r.at(i)}
		for r.at(before) == "not" && r.at(before-1) == "." {
			c.Negated = !c.Negated
			before -= 2
		}
		open := r.open(before)
		if r.at(before) != ")" || r.at(open-1) != "expect" && r.at(open-1) != "soft" {
			continue
		}
		c.Of = s.expression(open, before+1)
		c.Args, _, c.Known = r.values(i+2, ")")
		out = append(out, c)
	}
	return out
}

// open is the bracket that the one at i closes, -1 for none.
func (r reader) open(i int) int {
	for depth := 0; i >= 0; i-- {
		switch r.at(i) {
		case ")", "]", "}":
			depth++
		case "(", "[", "{":
			if depth--; depth <= 0 {
				return i
			}
		}
	}
	return -1
}

// CallEnd is the last line of the first call whose name stands in a line; the line itself when there is none.
func (s Source) CallEnd(line int) int {
	for i, t := range s.r.tokens {
		if at := s.line(t.from); at == line && s.r.at(i) == "(" {
			return s.expression(i, s.r.close(i)).Last
		} else if at > line {
			break
		}
	}
	return line
}

// Lines are the lines first to last, without the end of the last one.
func (s Source) Lines(first, last int) string {
	if first < 1 || last > len(s.lines) || last < first {
		return ""
	}
	end := len(s.r.src)
	if last < len(s.lines) {
		end = s.lines[last] - 1
	}
	return s.r.src[s.lines[first-1]:end]
}

// Replace answers the lines of an expression before and after code takes its place. They are as many as before: what comes
// below keeps its place.
func (s Source) Replace(e Expression, code string) (before, after string) {
	before = s.Lines(e.First, e.Last)
	from := s.lines[e.First-1]
	after = before[:e.From-from] + code + strings.Repeat("\n", e.Last-e.First) + before[e.To-from:]
	return before, after
}

// Quote is the sort of quotes that an expression is written with.
func (s Source) Quote(e Expression) byte {
	for _, c := range []byte(s.r.src[e.From:e.To]) {
		if c == '\'' || c == '"' {
			return c
		}
	}
	return '"'
}

// Text is an expression as it stands there.
func (s Source) Text(e Expression) string { return s.r.src[e.From:e.To] }
