package device_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/device"
)

func TestDevicesAreWhatTheySay(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, d := range device.All() {
		require.False(t, seen[d.Name], d.Name)
		seen[d.Name] = true
		require.Positive(t, d.Width*d.Height, d.Name)
		require.Positive(t, d.DeviceScaleFactor, d.Name)
		require.NotEmpty(t, d.UserAgent, d.Name)
	}
	phone, ok := device.Find("Pixel 7")
	require.True(t, ok)
	require.True(t, phone.Mobile && phone.Touch)
	_, ok = device.Find("pixel 7")
	require.False(t, ok)
}
