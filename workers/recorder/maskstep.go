package recorder

import (
	"reflect"
	"slices"

	"tapedeck/domain/recording"
)

// plain are the texts of a step that name things of ours and hold nothing that was typed.
var plain = []string{"ID", "Type", "By", "Secret", "Variable", "Artifact", "Screenshot", "DOM", "Page", "SHA256", "Claim", "Match", "Kind", "Button", "History", "Level"}

// addresses are the texts that are URLs.
var addresses = []string{"URL"}

// maskStep is a copy of the step in which every text went through the masker.
func (s *session) maskStep(step recording.Step) recording.Step {
	if v := step.Value; v != nil && v.Secret != "" {
		hidden := *v
		hidden.Text = s.placeholder(v.Secret, v.Text)
		step.Value = &hidden
	}
	_ = s.masked(reflect.ValueOf(step), "") // learns: an address names a token that the title repeats
	return s.masked(reflect.ValueOf(step), "").Interface().(recording.Step)
}

// placeholder stands for a secret's value; text is what the step said, which may be the value itself.
func (s *session) placeholder(name, text string) string {
	if value, known := s.secret(name); known {
		return s.mask.Declare("declared", name, value)
	}
	if text == "" {
		return ""
	}
	return bullets
}

// bullets stand for a value that is not known for good yet.
const bullets = "••••••"

func (s *session) masked(v reflect.Value, field string) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	switch v.Kind() {
	case reflect.String:
		if slices.Contains(addresses, field) {
			out.SetString(s.mask.URL(v.String()))
		} else if !slices.Contains(plain, field) {
			out.SetString(s.mask.Text(v.String()))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(s.masked(v.Elem(), field))
		}
	case reflect.Struct:
		if v.Type().PkgPath() != reflect.TypeFor[recording.Step]().PkgPath() {
			return out // a time
		}
		for i := range v.NumField() {
			out.Field(i).Set(s.masked(v.Field(i), v.Type().Field(i).Name))
		}
	case reflect.Slice:
		if !v.IsNil() {
			out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
			for i := range v.Len() {
				out.Index(i).Set(s.masked(v.Index(i), field))
			}
		}
	case reflect.Map:
		if !v.IsNil() {
			out.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
			for _, k := range v.MapKeys() {
				out.SetMapIndex(k, s.masked(v.MapIndex(k), field))
			}
		}
	}
	return out
}
