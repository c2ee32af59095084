package schema

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// node is one level of a JSON Schema.
type node struct {
	Schema      string           `json:"$schema,omitempty"`
	Type        string           `json:"type,omitempty"`
	Title       string           `json:"title,omitempty"`
	Description string           `json:"description,omitempty"`
	Default     jsontext.Value   `json:"default,omitempty"`
	Enum        []string         `json:"enum,omitempty"`
	Format      string           `json:"format,omitempty"`
	Pattern     string           `json:"pattern,omitempty"`
	Minimum     *float64         `json:"minimum,omitempty"`
	Maximum     *float64         `json:"maximum,omitempty"`
	MinLength   *int             `json:"minLength,omitempty"`
	MaxLength   *int             `json:"maxLength,omitempty"`
	MinItems    *int             `json:"minItems,omitempty"`
	MaxItems    *int             `json:"maxItems,omitempty"`
	Items       *node            `json:"items,omitempty"`
	Properties  map[string]*node `json:"properties,omitempty"`
	// Order lists the properties as the type does, for a form.
	Order                []string `json:"x-order,omitempty"`
	Required             []string `json:"required,omitempty"`
	AdditionalProperties any      `json:"additionalProperties,omitempty"`
}

var rawJSON = reflect.TypeFor[jsontext.Value]()

func describe(v reflect.Value) (*node, error) {
	t := v.Type()
	if t == rawJSON {
		return &node{}, nil
	}
	switch t.Kind() {
	case reflect.Struct:
		return describeStruct(v)
	case reflect.Slice:
		items, err := describe(reflect.Zero(t.Elem()))
		return &node{Type: "array", Items: items}, err
	case reflect.Map:
		values, err := describe(reflect.Zero(t.Elem()))
		if t.Key().Kind() != reflect.String {
			err = fmt.Errorf("a map's keys must be strings, not %s", t.Key())
		}
		return &node{Type: "object", AdditionalProperties: values}, err
	case reflect.String, reflect.Bool, reflect.Float32, reflect.Float64:
		return &node{Type: typeName(t)}, nil
	}
	if isInteger(t) {
		return &node{Type: "integer"}, nil
	}
	return nil, fmt.Errorf("%s has no JSON Schema here", t)
}

func describeStruct(v reflect.Value) (*node, error) {
	n := &node{Type: "object", Properties: map[string]*node{}, AdditionalProperties: false}
	for field, value := range v.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if !field.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			return nil, fmt.Errorf("field %s has no json name", field.Name)
		}
		child, err := describe(value)
		if err == nil {
			err = errors.Join(child.tag(field.Tag), child.defaultOf(value))
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		n.Properties[name] = child
		n.Order = append(n.Order, name)
		if field.Tag.Get("required") == "true" {
			n.Required = append(n.Required, name)
		}
	}
	return n, nil
}

func (n *node) defaultOf(v reflect.Value) error {
	if v.IsZero() || v.Kind() == reflect.Struct {
		return nil
	}
	switch v.Kind() { // a decoder would write into what the prototype shares
	case reflect.Slice, reflect.Map, reflect.Pointer, reflect.Interface:
		return fmt.Errorf("a default %s is not possible", v.Type())
	}
	raw, err := json.Marshal(v.Interface())
	n.Default = raw
	return err
}

func (n *node) tag(tag reflect.StructTag) error {
	n.Title, n.Description = tag.Get("title"), tag.Get("doc")
	n.Format, n.Pattern = tag.Get("format"), tag.Get("pattern")
	if list, ok := tag.Lookup("enum"); ok {
		n.Enum = strings.Split(list, ",")
	}
	var errs []error
	number := func(key string, dst **float64) {
		if text, ok := tag.Lookup(key); ok {
			f, err := strconv.ParseFloat(text, 64)
			*dst = &f
			errs = append(errs, err)
		}
	}
	count := func(key string, forString, forArray **int) {
		if text, ok := tag.Lookup(key); ok {
			i, err := strconv.Atoi(text)
			errs = append(errs, err)
			if n.Type == "array" {
				*forArray = &i
			} else {
				*forString = &i
			}
		}
	}
	number("min", &n.Minimum)
	number("max", &n.Maximum)
	count("minlen", &n.MinLength, &n.MinItems)
	count("maxlen", &n.MaxLength, &n.MaxItems)
	return errors.Join(errs...)
}

func isInteger(t reflect.Type) bool {
	return t.Kind() >= reflect.Int && t.Kind() <= reflect.Uint64
}

// typeName is a Go type in the words of JSON.
func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Float32, reflect.Float64:
		return "number"
	case reflect.Slice, reflect.Array:
		return "array"
	case reflect.Map, reflect.Struct:
		return "object"
	}
	if isInteger(t) {
		return "integer"
	}
	return "another type"
}
