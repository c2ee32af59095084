// Package device holds the devices that a browser can pretend to be.
package device

import "slices"

// Device is how one device shows itself to pages.
type Device struct {
	Name              string  `json:"name"`
	UserAgent         string  `json:"userAgent"`
	Width             int     `json:"width"`
	Height            int     `json:"height"`
	ScreenWidth       int     `json:"screenWidth,omitempty"`
	ScreenHeight      int     `json:"screenHeight,omitempty"`
	DeviceScaleFactor float64 `json:"deviceScaleFactor"`
	Mobile            bool    `json:"mobile,omitempty"`
	Touch             bool    `json:"touch,omitempty"`
	// Engine is the browser engine that the device really runs: "chromium", "webkit" or "firefox".
	Engine string `json:"engine"`
}

// All lists the devices in Playwright's order.
func All() []Device { return slices.Clone(devices) }

// Find returns the device with this name.
func Find(name string) (Device, bool) {
	i := slices.IndexFunc(devices, func(d Device) bool { return d.Name == name })
	if i < 0 {
		return Device{}, false
	}
	return devices[i], true
}

//go:generate ../../scripts/generate-devices
