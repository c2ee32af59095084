package learn

import (
	"errors"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json"
	"go.yaml.in/yaml/v3"
)

// Node is one of an accessibility tree, as Playwright's aria snapshots show it
// (https://playwright.dev/docs/aria-snapshots).
type Node struct {
	Role string
	// Name is the accessible name; "" for none.
	Name string
	// States are what stands in brackets: "checked", "level=2".
	States []string
	// Text is the node's text where it has no nodes below it.
	Text  string
	Below []*Node
	// parent is nil for the topmost.
	parent *Node
}

// key tells nodes apart that say something else.
func (n *Node) key() string {
	return strings.Join([]string{n.Role, n.Name, strings.Join(n.States, " "), n.Text}, "\x00")
}

// same tells what stays the same node when its state changes.
func (n *Node) same() string { return n.Role + "\x00" + n.Name }

var errTree = errors.New("no aria snapshot")

// ReadTree reads an aria snapshot. What it does not understand is left out.
func ReadTree(snapshot string) ([]*Node, error) {
	if strings.TrimSpace(snapshot) == "" {
		return nil, nil
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(snapshot), &doc); err != nil {
		return nil, errors.Join(errTree, err)
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.SequenceNode {
		return nil, errTree
	}
	return readList(doc.Content[0], nil), nil
}

func readList(list *yaml.Node, parent *Node) []*Node {
	var out []*Node
	for _, item := range list.Content {
		switch {
		case item.Kind == yaml.ScalarNode:
			if n, ok := readKey(item.Value); ok {
				n.parent = parent
				out = append(out, n)
			}
		case item.Kind == yaml.MappingNode && len(item.Content) == 2:
			n, ok := readKey(item.Content[0].Value)
			if !ok {
				continue // "/url" and the like
			}
			n.parent = parent
			if v := item.Content[1]; v.Kind == yaml.SequenceNode {
				n.Below = readList(v, n)
			} else {
				n.Text = v.Value
			}
			out = append(out, n)
		}
	}
	return out
}

// key is a role, perhaps with a name and states: `heading "Tapes" [level=1]`.
var key = regexp.MustCompile(`^([a-z]+)(?: ("(?:[^"\\]|\\.)*"))?((?: \[[^\]]*\])*)$`)

func readKey(s string) (*Node, bool) {
	m := key.FindStringSubmatch(s)
	if m == nil {
		return nil, false
	}
	n := &Node{Role: m[1]}
	if m[2] != "" && json.Unmarshal([]byte(m[2]), &n.Name) != nil {
		return nil, false
	}
	for state := range strings.FieldsSeq(m[3]) {
		n.States = append(n.States, strings.Trim(state, "[]"))
	}
	return n, true
}

// walk visits all nodes, each before those below it.
func walk(list []*Node, visit func(*Node)) {
	for _, n := range list {
		visit(n)
		walk(n.Below, visit)
	}
}

// WriteTree writes those nodes that are kept as an aria snapshot: whole where true, else only that there is one of their role.
func WriteTree(list []*Node, kept map[*Node]bool) string {
	seq := listOf(list, kept)
	if len(seq.Content) == 0 {
		return ""
	}
	var out strings.Builder
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if e.Encode(seq) != nil || e.Close() != nil {
		return ""
	}
	return halved.ReplaceAllStringFunc(strings.TrimSuffix(out.String(), "\n"), func(indent string) string { return indent[:len(indent)/2] })
}

// halved is what the encoder indents by, twice as much as Playwright does.
var halved = regexp.MustCompile(`(?m)^ +`)

func listOf(list []*Node, kept map[*Node]bool) *yaml.Node {
	seq := &yaml.Node{Kind: yaml.SequenceNode}
	scalar := func(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: s, Tag: "!!str"} }
	for _, n := range list {
		whole, ok := kept[n]
		if !ok {
			continue
		}
		line := scalar(n.Role)
		if whole {
			line = scalar(n.line())
		}
		below := listOf(n.Below, kept)
		switch {
		case len(below.Content) > 0:
			seq.Content = append(seq.Content, &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{line, below}})
		case n.Text != "" && whole:
			seq.Content = append(seq.Content, &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{line, scalar(n.Text)}})
		default:
			seq.Content = append(seq.Content, line)
		}
	}
	return seq
}

// line is the node's own part of a snapshot.
func (n *Node) line() string {
	out := n.Role
	if n.Name != "" {
		if name, err := json.Marshal(n.Name); err == nil {
			out += " " + string(name)
		}
	}
	for _, s := range n.States {
		out += " [" + s + "]"
	}
	return out
}
