package chromerecorder

import "slices"

// modifierOf is Playwright's name of a modifier key; empty for any other key.
func modifierOf(key string) string {
	switch key {
	case "Alt", "AltLeft", "AltRight":
		return "Alt"
	case "Control", "ControlLeft", "ControlRight":
		return "Control"
	case "Meta", "MetaLeft", "MetaRight":
		return "Meta"
	case "Shift", "ShiftLeft", "ShiftRight":
		return "Shift"
	}
	return ""
}

// keyboard follows which keys are down.
type keyboard struct {
	modifiers []string
	used      map[string]bool // modifiers that something was done with
	keys      map[string]int  // other keys, by the index of the step that pressed them
}

// held are the modifiers of whatever happens now.
func (k *keyboard) held() []string {
	for _, m := range k.modifiers {
		k.used[m] = true
	}
	return slices.Sorted(slices.Values(k.modifiers))
}

// down says whether a key press begins.
func (k *keyboard) down(key string, at int) bool {
	if m := modifierOf(key); m != "" {
		if !slices.Contains(k.modifiers, m) {
			k.modifiers = append(k.modifiers, m)
			k.used[m] = false
		}
		return false
	}
	k.keys[key] = at
	return true
}

// up says whether the key was down, and whether it is a modifier that was pressed alone.
func (k *keyboard) up(key string) (was, alone bool) {
	m := modifierOf(key)
	if m == "" {
		_, was = k.keys[key]
		delete(k.keys, key)
		return was, false
	}
	i := slices.Index(k.modifiers, m)
	if i < 0 {
		return false, false
	}
	k.modifiers = slices.Delete(k.modifiers, i, i+1)
	return true, !k.used[m]
}
