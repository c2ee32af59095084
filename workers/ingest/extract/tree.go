package extract

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v3"
)

const (
	// maxNodes bounds a tree, YAML's aliases counted as often as they are used.
	maxNodes = 500_000
	// maxTreeDepth bounds values in values.
	maxTreeDepth = 100
	// wholeYAML is the largest YAML file: its parser takes some twenty times as much memory.
	wholeYAML = 4 << 20
)

// tree is a JSON or YAML value whose members keep their order.
type tree struct {
	// kind is '{', '[' or, for a scalar, 's' (a string) or 'v' (a number, true, false, null).
	kind   byte
	value  string
	keys   []string
	values []*tree
}

// get is a member, nil if there is none; nil may be asked.
func (t *tree) get(path ...string) *tree {
	for _, key := range path {
		if t == nil || t.kind != '{' {
			return nil
		}
		var member *tree
		for i, k := range t.keys {
			if k == key {
				member = t.values[i]
			}
		}
		t = member
	}
	return t
}

// str is a scalar member's text.
func (t *tree) str(path ...string) string {
	if t = t.get(path...); t != nil && t.scalar() {
		return t.value
	}
	return ""
}

func (t *tree) scalar() bool { return t.kind == 's' || t.kind == 'v' }

// treeReader counts what it builds.
type treeReader struct{ nodes int }

func (r *treeReader) node(kind byte, depth int) (*tree, error) {
	r.nodes++
	if r.nodes > maxNodes {
		return nil, fault(ErrBomb, "it has more than %d values", maxNodes)
	}
	if depth > maxTreeDepth {
		return nil, fault(ErrBomb, "it is nested deeper than %d", maxTreeDepth)
	}
	return &tree{kind: kind}, nil
}

// parseJSON reads one value; what follows it is an error.
func parseJSON(text []byte) (*tree, error) {
	d := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	t, err := new(treeReader).json(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, fault(ErrBroken, "more follows its JSON value")
	}
	return t, nil
}

func (r *treeReader) json(d *jsontext.Decoder, depth int) (*tree, error) {
	token, err := d.ReadToken()
	if err != nil {
		return nil, broken("its JSON", err)
	}
	switch kind := byte(token.Kind()); kind {
	case '{', '[':
		t, err := r.node(kind, depth)
		if err != nil {
			return nil, err
		}
		return t, r.members(d, t, depth)
	case '"':
		t, err := r.node('s', depth)
		if err == nil {
			t.value = token.String()
		}
		return t, err
	default:
		t, err := r.node('v', depth)
		if err == nil {
			t.value = token.String()
		}
		return t, err
	}
}

func (r *treeReader) members(d *jsontext.Decoder, t *tree, depth int) error {
	for {
		switch d.PeekKind() {
		case '}', ']':
			_, err := d.ReadToken()
			return broken("its JSON", err)
		}
		if t.kind == '{' {
			key, err := d.ReadToken()
			if err != nil {
				return broken("its JSON", err)
			}
			t.keys = append(t.keys, key.String())
		}
		value, err := r.json(d, depth+1)
		if err != nil {
			return err
		}
		t.values = append(t.values, value)
	}
}

// parseYAML reads the first document of a YAML stream.
func parseYAML(text string) (*tree, error) {
	if len(text) > wholeYAML {
		return nil, fault(ErrTooLarge, "YAML is read up to %d MiB", wholeYAML>>20)
	}
	var node yaml.Node
	if err := yaml.NewDecoder(strings.NewReader(text)).Decode(&node); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, fault(ErrNoText, "there is no value in it")
		}
		return nil, broken("its YAML", err)
	}
	if node.Kind == yaml.DocumentNode && len(node.Content) == 1 {
		return new(treeReader).yaml(node.Content[0], 0)
	}
	return new(treeReader).yaml(&node, 0)
}

func (r *treeReader) yaml(n *yaml.Node, depth int) (*tree, error) {
	switch n.Kind {
	case yaml.AliasNode:
		if n.Alias == nil {
			return r.node('v', depth)
		}
		return r.yaml(n.Alias, depth+1)
	case yaml.MappingNode:
		return r.mapping(n, depth)
	case yaml.SequenceNode:
		t, err := r.node('[', depth)
		for i := 0; err == nil && i < len(n.Content); i++ {
			var item *tree
			item, err = r.yaml(n.Content[i], depth+1)
			t.values = append(t.values, item)
		}
		return t, err
	}
	kind := byte('v')
	if n.ShortTag() == "!!str" {
		kind = 's'
	}
	t, err := r.node(kind, depth)
	if err == nil {
		t.value = n.Value
	}
	return t, err
}

func (r *treeReader) mapping(n *yaml.Node, depth int) (*tree, error) {
	t, err := r.node('{', depth)
	for i := 0; err == nil && i+1 < len(n.Content); i += 2 {
		var value *tree
		value, err = r.yaml(n.Content[i+1], depth+1)
		t.keys = append(t.keys, n.Content[i].Value)
		t.values = append(t.values, value)
	}
	return t, err
}
