package extract

import "strings"

// constraints are the keywords of JSON Schema that say what a value may be, and how they read.
func constraints() [][2]string {
	return [][2]string{{"minimum", "≥ "}, {"exclusiveMinimum", "> "}, {"maximum", "≤ "}, {"exclusiveMaximum", "< "},
		{"multipleOf", "multiple of "}, {"minLength", "length ≥ "}, {"maxLength", "length ≤ "}, {"pattern", "matches "},
		{"minItems", "items ≥ "}, {"maxItems", "items ≤ "}, {"uniqueItems", "unique items: "}, {"minProperties", "members ≥ "},
		{"maxProperties", "members ≤ "}, {"const", "always "}, {"default", "default "}, {"nullable", "nullable: "},
		{"readOnly", "read only: "}, {"writeOnly", "write only: "}, {"deprecated", "deprecated: "}}
}

// kind is a schema's type with its constraints, on one line.
func (a *api) kind(s *tree) string {
	s = a.follow(s)
	if s == nil {
		return "any"
	}
	parts := []string{a.typeName(s)}
	for _, c := range constraints() {
		if v := s.get(c[0]); v != nil && v.scalar() && v.value != "false" {
			parts = append(parts, c[1]+v.value)
		}
	}
	if values := list(s.get("enum")); values != "" {
		parts = append(parts, "one of "+values)
	}
	return tidyLine(strings.Join(parts, ", "))
}

func (a *api) typeName(s *tree) string {
	name := list(s.get("type"))
	if items := a.follow(s.get("items")); name == "array" && items != nil {
		name = "array of " + list(items.get("type"))
	}
	if format := s.str("format"); format != "" {
		name += " (" + format + ")"
	}
	switch {
	case name != "":
	case s.get("properties") != nil:
		name = "object"
	default:
		name = "any"
	}
	return name
}

// schema writes a schema and what is in it as a nested list; name is empty for the outermost.
func (a *api) schema(s *tree, name string, depth int, required bool) {
	if s == nil || a.written > maxSchemaLines || depth > maxSchemaDepth || a.out.cut {
		return
	}
	reference := s.str("$ref")
	s = a.follow(s)
	a.written++
	line := a.kind(s)
	if i := strings.LastIndexByte(reference, '/'); i >= 0 {
		line = reference[i+1:] + ": " + line
	}
	line = escape(line)
	if name != "" {
		line = "**" + escape(tidyLine(name)) + "**: " + line
	}
	if required {
		line += ", required"
	}
	if text := tidyLine(s.str("description")); text != "" {
		line += " — " + disarm(escapeHTML(text))
	}
	a.out.item(depth, 0, line+example(s))
	a.within(s, depth+1)
}

// within writes the members, items and alternatives of a schema.
func (a *api) within(s *tree, depth int) {
	required := map[string]bool{}
	for _, r := range s.get("required").items() {
		required[r.value] = true
	}
	s.get("properties").members(func(name string, p *tree) { a.schema(p, name, depth, required[name]) })
	if items := s.get("items"); items != nil && (a.follow(items).get("properties") != nil || items.str("$ref") != "") {
		a.schema(items, "each item", depth, false)
	}
	if more := s.get("additionalProperties"); more != nil && more.kind == '{' {
		a.schema(more, "other members", depth, false)
	}
	for _, choice := range [][2]string{{"allOf", "and"}, {"oneOf", "either"}, {"anyOf", "any of"}} {
		for _, sub := range s.get(choice[0]).items() {
			a.schema(sub, choice[1], depth, false)
		}
	}
}
