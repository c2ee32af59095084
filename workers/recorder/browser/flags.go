package browser

import "strings"

// features that are off: Playwright's own list (a second --disable-features
// replaces the first), and what would speak to the browser's maker.
var features = []string{
	"AcceptCHFrame", "AutoExpandDetailsElement", "AvoidUnnecessaryBeforeUnloadCheckSync",
	"CertificateTransparencyComponentUpdater", "DeferRendererTasksAfterInput", "DestroyProfileOnBrowserClose",
	"DialMediaRouteProvider", "ExtensionManifestV2Disabled", "GlobalMediaControls", "HttpsUpgrades",
	"ImprovedCookieControls", "LazyFrameLoading", "LensOverlay", "MediaRouter", "PaintHolding",
	"ThirdPartyStoragePartitioning", "Translate",

	"AutofillServerCommunication", "OptimizationHints", "InterestFeedContentSuggestions", "NetworkTimeServiceQuerying",
	"SafeBrowsingDelayedWarnings", "WebRtcHideLocalIpsWithMdns",
}

// Flags keep a browser quiet on a machine without GPU and without internet.
// They are for every use of a browser here, tests included.
func Flags() []string {
	return []string{
		"--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync", "--disable-background-networking",
		"--disable-component-update", "--disable-domain-reliability", "--disable-client-side-phishing-detection",
		"--no-pings", "--disable-features=" + strings.Join(features, ","),
	}
}

// Confined sends all traffic through the contexts' proxies, loopback included.
func Confined(spki string) []string {
	args := []string{
		"--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
		"--webrtc-ip-handling-policy=disable_non_proxied_udp",
		"--proxy-bypass-list=<-loopback>",
	}
	if spki != "" {
		args = append(args, "--ignore-certificate-errors-spki-list="+spki)
	}
	return args
}
