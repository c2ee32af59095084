package likeness

import "errors"

// errAnswer: the page answered something else than the script says; it may have replaced what the script uses.
var errAnswer = errors.New("the page gave no comparison")

// ReadLook reads what LookScript answers: how many elements there are, and how the only one compares; nil unless there
// is one.
func ReadLook(answer any) (int, *Seen, error) {
	pair, _ := answer.([]any)
	if len(pair) != 2 {
		return 0, nil, errAnswer
	}
	n := int(number(pair[0]))
	if n != 1 {
		return n, nil, nil
	}
	s, err := readSeen(pair[1])
	return n, s, err
}

// ReadRanking reads what RankScript answers: the elements that are most like the recorded one, at most two, the first
// the most.
func ReadRanking(answer any) ([]Seen, error) {
	list, ok := answer.([]any)
	if !ok {
		return nil, errAnswer
	}
	var out []Seen
	for _, one := range list {
		s, err := readSeen(one)
		if err != nil {
			return nil, err
		}
		out = append(out, *s)
	}
	return out, nil
}

func readSeen(answer any) (*Seen, error) {
	m, ok := answer.(map[string]any)
	if !ok {
		return nil, errAnswer
	}
	s := &Seen{
		Telling: number(m["telling"]), Told: number(m["told"]),
		Class: number(m["class"]), Near: number(m["near"]), Score: number(m["score"]),
	}
	s.Tag, _ = m["tag"].(string)
	s.Text, _ = m["text"].(string)
	s.Path, _ = m["path"].(string)
	s.Place, _ = m["place"].(bool)
	return s, nil
}

// number reads a number as the driver gives it: whole ones come as int.
func number(v any) float64 {
	switch n := v.(type) {
	case int:
		return float64(n)
	case float64:
		return n
	}
	return 0
}
