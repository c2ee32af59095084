// Package flows holds what people do in the demo shop, as recordings: to be
// imported, played and made into tests. They are written for the address
// Origin; a shop that was just opened is as they found it, and each can be
// played again in the same shop, but for sign-up, whose e-mail address has to
// be another one then (its variable "email").
package flows

import (
	"bytes"
	"embed"
	"fmt"

	"tapedeck/demo/shop"
	"tapedeck/domain/recording"
)

// Origin is where the recorded site was.
const Origin = "http://app.test"

//go:embed *.json
var files embed.FS

// Flow is one recording. Its file has the same name.
type Flow struct{ Name string }

// All are the flows in the order in which somebody new to the shop would look at them.
func All() []Flow {
	return []Flow{{"search"}, {"order"}, {"cart"}, {"sign-up"}, {"sign-up-mistakes"}, {"delivery"}, {"stock-and-sizes"}}
}

// Document is the recording, with a shop's address in the place of Origin, without a slash at its end.
func (f Flow) Document(address string) (recording.Document, error) {
	raw, err := files.ReadFile(f.Name + ".json")
	if err != nil {
		return recording.Document{}, err
	}
	doc, err := recording.ReadDocument(bytes.ReplaceAll(raw, []byte(Origin), []byte(address)))
	if err != nil {
		return recording.Document{}, fmt.Errorf("demo flow %s: %w", f.Name, err)
	}
	return doc, nil
}

// Secret is the value of a secret that the flows type, for a player.
func Secret(name string) (string, bool) {
	switch name {
	case "password":
		return shop.CustomerPassword, true
	case "short-password":
		return "seven77", true // one letter less than the shop takes
	}
	return "", false
}
