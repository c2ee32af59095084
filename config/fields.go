package config

import (
	"iter"
	"reflect"
	"time"
)

type durationValue = time.Duration

// fields yields the settings of a Config with their values.
func fields(v reflect.Value) iter.Seq2[reflect.StructField, reflect.Value] {
	return func(yield func(reflect.StructField, reflect.Value) bool) {
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.Tag.Get("env") != "" && !yield(f, v.Field(i)) {
				return
			}
		}
	}
}

func known(name string) bool {
	for f := range fields(reflect.ValueOf(Config{})) {
		if f.Tag.Get("koanf") == name {
			return true
		}
	}
	return false
}
