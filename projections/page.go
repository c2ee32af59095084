package projections

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"zombiezen.com/go/sqlite"
)

// order is a Sort in SQL: an expression over the table job, whose values are integers or text, and
// behind it num. Without an expression it is num alone.
type order struct {
	expr string
	text bool
	desc bool
}

func (s Sort) order() (order, error) {
	switch s.Key {
	case "":
		return order{desc: true}, nil
	case SortCreatedAt:
		return order{desc: s.Descending}, nil
	case SortUpdatedAt:
		return order{expr: "updated", desc: s.Descending}, nil
	case SortFinishedAt:
		return order{expr: lastIf("finished = 0", "finished", s.Descending), desc: s.Descending}, nil
	case SortDuration:
		return order{expr: lastIf("duration < 0", "duration", s.Descending), desc: s.Descending}, nil
	case SortKind:
		return order{expr: "kind", text: true, desc: s.Descending}, nil
	case SortStatus:
		return order{expr: "status", desc: s.Descending}, nil
	case SortQueue:
		return order{expr: "queue", text: true, desc: s.Descending}, nil
	case SortPriority:
		return order{expr: "priority", desc: s.Descending}, nil
	case SortAttempt:
		return order{expr: "attempt", desc: s.Descending}, nil
	}
	return order{}, fmt.Errorf("%w: cannot sort by %q", ErrBadQuery, s.Key)
}

// lastIf puts the rows without a value last. Descending they are: they hold the least value.
func lastIf(none, column string, desc bool) string {
	if desc {
		return column
	}
	return fmt.Sprintf("CASE WHEN %s THEN 9223372036854775807 ELSE %s END", none, column)
}

// by is the ORDER BY; num is the column that has it.
func (o order) by(num string) string {
	direction := ""
	if o.desc {
		direction = " DESC"
	}
	if o.expr == "" {
		return num + direction
	}
	return o.expr + direction + ", " + num + direction
}

// behind adds the condition for rows that follow a place.
func (o order) behind(w *where, p place) {
	than := ">"
	if o.desc {
		than = "<"
	}
	switch {
	case o.expr == "":
		w.and(fmt.Sprintf("%s %s ?", w.num, than), p.Num)
	case o.text:
		w.and(fmt.Sprintf("(%s, %s) %s (?, ?)", o.expr, w.num, than), p.Text, p.Num)
	default:
		w.and(fmt.Sprintf("(%s, %s) %s (?, ?)", o.expr, w.num, than), p.Int, p.Num)
	}
}

// column is what a place needs of a row beside num.
func (o order) column() string {
	if o.expr == "" {
		return "0"
	}
	return o.expr
}

// place is a row's place in an order: what a page token says.
type place struct {
	// List is the digest of epoch, filter and sort.
	List []byte `json:"l"`
	Int  int64  `json:"i,omitzero"`
	Text string `json:"t,omitzero"`
	Num  int64  `json:"n"`
}

// placeOf reads the columns num and o.column().
func (o order) placeOf(s *sqlite.Stmt, list []byte) place {
	p := place{List: list, Num: s.ColumnInt64(0)}
	if o.text {
		p.Text = s.ColumnText(1)
	} else {
		p.Int = s.ColumnInt64(1)
	}
	return p
}

func (p place) token() string {
	b, _ := json.Marshal(p, jsontext.AllowInvalidUTF8(true)) // plain fields cannot fail
	return base64.RawURLEncoding.EncodeToString(b)
}

// parsePlace reads a token of the list with this digest. Its error wraps ErrBadPage.
func parsePlace(token string, list []byte) (place, error) {
	var p place
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err == nil {
		err = json.Unmarshal(b, &p, json.RejectUnknownMembers(true), jsontext.AllowInvalidUTF8(true))
	}
	switch {
	case err != nil:
		return p, fmt.Errorf("%w: it is damaged", ErrBadPage)
	case !slices.Equal(p.List, list):
		return p, fmt.Errorf("%w: it is of another filter, sort or log", ErrBadPage)
	}
	return p, nil
}

// list is the digest that binds page tokens to what they page through. Epoch enters because num
// counts the jobs of one log.
func (q JobQuery) list(epoch string) []byte {
	f := q.Filter
	f.CreatedAfter, f.CreatedBefore = time.Time{}, time.Time{}
	b, _ := json.Marshal(struct { // plain fields cannot fail
		Epoch         string
		Filter        Filter
		After, Before int64
		Sort          Sort
	}{epoch, f, nanos(q.Filter.CreatedAfter), nanos(q.Filter.CreatedBefore), q.Sort},
		json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	sum := sha256.Sum256(b)
	return sum[:8]
}
