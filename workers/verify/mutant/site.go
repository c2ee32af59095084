package mutant

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"sync/atomic"

	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/proof"
	"tapedeck/proxy/twin"
)

// Site is one place for one fault.
type Site struct {
	proof.Mutant
	// put changes the options of a run, so that the fault is in it; applied is to be called when the run comes to it. A page's
	// script says so itself.
	put func(o *twin.RunOptions, applied func())
	// inPlace is what InPlace's script is told; nil where a run of its own is needed.
	inPlace jsontext.Value
}

// InPlace is the fault for InPlaceScript; ok says that it can be put into the page and taken back.
func (s Site) InPlace() (fault jsontext.Value, ok bool) { return s.inPlace, s.inPlace != nil }

// Put returns the options of a run with the fault in it, and whether the run came to it.
func (s Site) Put(o twin.RunOptions) (twin.RunOptions, *atomic.Bool) {
	var applied atomic.Bool
	s.put(&o, func() { applied.Store(true) })
	return o, &applied
}

// named gives a site its identity: the same fault in the same place has the same.
func named(recording, operator, where, what string, put func(*twin.RunOptions, func())) Site {
	sum := sha256.Sum256([]byte(recording + "\n" + operator + "\n" + where + "\n" + what))
	return Site{Mutant: proof.Mutant{
		ID: hex.EncodeToString(sum[:8]), Operator: operator, Recording: recording, Where: where, What: what,
	}, put: put}
}

// altering puts a change of answers after those that are there.
func altering(o *twin.RunOptions, change func(*http.Request, *twin.Answer)) {
	before := o.Alter
	o.Alter = func(r *http.Request, a *twin.Answer) {
		if before != nil {
			before(r, a)
		}
		change(r, a)
	}
}
