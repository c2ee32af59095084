package environment

// Event is one fact about an environment. The set is sealed: Evolve, the codec and the JSON Schemas cover every member.
// Who did it is in the envelope.
//
//sumtype:decl
type Event interface {
	// EventType is the type in the envelope, for example "environment.defined".
	EventType() string
	sealed()
}

// Defined creates an environment: the first event of all, and again after it was removed.
type Defined struct{ Settings }

// Changed gives an environment other settings, all of which are in it.
type Changed struct{ Settings }

// Removed takes an environment away; its tape stays. A later Defined brings the name back.
type Removed struct{}

// Unknown is an event of a type that this build does not know. It changes nothing but the version.
type Unknown struct {
	Type string `json:"-"`
}

// EventType implements Event.
func (Defined) EventType() string   { return "environment.defined" }
func (Changed) EventType() string   { return "environment.changed" }
func (Removed) EventType() string   { return "environment.removed" }
func (u Unknown) EventType() string { return u.Type }

func (Defined) sealed() {}
func (Changed) sealed() {}
func (Removed) sealed() {}
func (Unknown) sealed() {}
