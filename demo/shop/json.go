package shop

import (
	"errors"
	"mime"
	"net/http"

	"github.com/go-json-experiment/json"
)

// refusal is why something was not done, in a sentence for the visitor.
type refusal struct {
	status int
	field  string // the one at fault, if it is one
	text   string
}

// Error implements error.
func (r refusal) Error() string { return r.text }

// refuse answers a script. Every error that is no refusal is the shop's own fault.
func refuse(w http.ResponseWriter, err error) {
	var r refusal
	if !errors.As(err, &r) {
		r = refusal{http.StatusInternalServerError, "", "The shop has failed. Try again."}
	}
	sendJSON(w, r.status, map[string]string{"error": r.text, "field": r.field})
}

func sendJSON(w http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body, json.Deterministic(true))
	if err != nil {
		http.Error(w, "The shop has failed.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(raw)
}

// readJSON reads what a script sent, strictly; what cannot be read is answered.
func readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		refuse(w, refusal{http.StatusUnsupportedMediaType, "", "Send application/json."})
		return false
	}
	err = json.UnmarshalRead(r.Body, into, json.RejectUnknownMembers(true))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		refuse(w, refusal{http.StatusRequestEntityTooLarge, "", "That is too much to send at once."})
	case err != nil:
		refuse(w, refusal{http.StatusBadRequest, "", "This is not the JSON that is wanted here."})
	}
	return err == nil
}
