package stage

import (
	"fmt"

	"github.com/go-json-experiment/json"

	"tapedeck/domain/recording"
)

// What the stage says to viewers.
type (
	hello struct {
		Op        string   `json:"op"`
		SessionID string   `json:"sessionId"`
		Viewer    string   `json:"viewer"`
		You       string   `json:"you"` // "driver" or "watcher"
		Viewport  Viewport `json:"viewport"`
	}
	state struct {
		Op        string    `json:"op"`
		Pages     []tabInfo `json:"pages"`
		Active    string    `json:"active"`
		Driver    *string   `json:"driver"`
		Viewers   int       `json:"viewers"`
		Paused    bool      `json:"paused"`
		Mode      string    `json:"mode"`
		ElapsedMS int64     `json:"elapsedMs"`
		Steps     int       `json:"steps"`
	}
	tabInfo struct {
		Page         string `json:"page"`
		URL          string `json:"url"`
		Title        string `json:"title"`
		Loading      bool   `json:"loading"`
		CanGoBack    bool   `json:"canGoBack"`
		CanGoForward bool   `json:"canGoForward"`
	}
	cursorIs struct {
		Op     string `json:"op"`
		Cursor string `json:"cursor"`
	}
	chooseFrom struct {
		Op       string         `json:"op"`
		ID       string         `json:"id"`
		Box      recording.Box  `json:"box"`
		Multiple bool           `json:"multiple"`
		Options  []selectOption `json:"options"`
	}
	selectOption struct {
		Value    string `json:"value"`
		Label    string `json:"label"`
		Group    string `json:"group"`
		Disabled bool   `json:"disabled"`
		Selected bool   `json:"selected"`
	}
	askFiles struct {
		Op       string `json:"op"`
		ID       string `json:"id"`
		Multiple bool   `json:"multiple"`
		Accept   string `json:"accept"`
	}
	askDialog struct {
		Op      string `json:"op"`
		ID      string `json:"id"`
		Kind    string `json:"kind"`
		Message string `json:"message"`
		Default string `json:"default"`
	}
	closed struct {
		Op string `json:"op"`
		ID string `json:"id"`
	}
	downloadIs struct {
		Op     string `json:"op"`
		Name   string `json:"name"`
		Size   int64  `json:"size"`
		Status string `json:"status"` // "started", "finished" or "failed"
	}
	highlight struct {
		Op    string         `json:"op"`
		Box   *recording.Box `json:"box"` // null when nothing is there
		Label string         `json:"label"`
	}
	picked struct {
		Op          string                `json:"op"`
		PickID      string                `json:"pickId"`
		Label       string                `json:"label"`
		Target      recording.Target      `json:"target"`
		Box         recording.Box         `json:"box"`
		Suggestions []recording.Assertion `json:"suggestions"`
	}
	suggested struct {
		Op        string              `json:"op"`
		PickID    string              `json:"pickId"` // to claim it with
		Target    recording.Target    `json:"target"`
		Assertion recording.Assertion `json:"assertion"`
		Label     string              `json:"label"`
	}
	notice struct {
		Op    string `json:"op"`
		Level string `json:"level"` // "info", "warn" or "error"
		Text  string `json:"text"`
	}
	fault struct {
		Op      string `json:"op"`
		Message string `json:"message"`
	}
	ended struct {
		Op      string `json:"op"`
		Outcome string `json:"outcome"`
		Reason  string `json:"reason"`
	}
)

// encode is a message's bytes. The types above always have some.
func encode(v any) []byte {
	data, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		data, _ = json.Marshal(fault{Op: "error", Message: fmt.Sprintf("a message could not be written: %T", v)})
	}
	return data
}
