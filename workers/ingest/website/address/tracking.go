package address

import (
	"slices"
	"strings"
)

// tracking says whether a parameter tells where a visitor came from, or who they
// are, and nothing of the page.
func tracking(name string) bool {
	name = strings.ToLower(name)
	for _, prefix := range []string{"utm_", "pk_", "mtm_", "piwik_", "matomo_", "hsa_", "_hs", "__hs"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return slices.Contains([]string{
		"gclid", "gclsrc", "dclid", "gbraid", "wbraid", "gad_source", "gad_campaignid", "srsltid", "_ga", "_gl", // Google
		"fbclid", "igshid", "igsh", "msclkid", "twclid", "ttclid", "li_fat_id", "yclid", "ysclid", "_openstat", // networks
		"mc_cid", "mc_eid", "mkt_tok", "hsctatracking", "vero_id", "oly_anon_id", "oly_enc_id", "wickedid", "s_kwcid", "_kx", // mail and marketing
		"phpsessid", "jsessionid", "aspsessionid", // sessions
	}, name)
}
