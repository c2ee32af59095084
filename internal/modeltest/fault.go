package modeltest

import (
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Fault is an answer that replaces the one to a call.
type Fault func(w http.ResponseWriter, r *http.Request)

// Status refuses with a status. A caller that tries again need not wait.
func Status(status int) Fault {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After-Ms", "1")
		refuse(w, status, "The server had an error processing your request.")
	}
}

// Wait refuses with 429 and asks for so many seconds.
func Wait(seconds int) Fault {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
		refuse(w, http.StatusTooManyRequests, "Rate limit reached.")
	}
}

// Elsewhere sends to another address.
func Elsewhere(address string) Fault {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", address)
		w.WriteHeader(http.StatusTemporaryRedirect)
	}
}

// Silent answers nothing until the caller goes; begun is closed when it was asked.
func Silent(begun chan<- struct{}) Fault {
	return func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
	}
}

// Cut ends the connection within the body.
func Cut() Fault {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, `{"choices":[{"index":0,`)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// Body answers 200 with this body.
func Body(contentType, body string) Fault {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = io.WriteString(w, body)
	}
}

// Says lets the model say this; finish is why it stopped, such as "stop" or "length".
func Says(content, finish string) Fault {
	return func(w http.ResponseWriter, _ *http.Request) { complete(w, content, finish) }
}

// Huge lets the model say a JSON object of about so many bytes.
func Huge(size int) Fault { return Says(`{"x":"`+strings.Repeat("x", size)+`"}`, "stop") }

// Refuse refuses with a status and these words.
func Refuse(status int, message string) Fault {
	return func(w http.ResponseWriter, _ *http.Request) { refuse(w, status, message) }
}
