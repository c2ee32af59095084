// Package fetch gets one URL after the other from sites of strangers: only where
// proxy/egress lets it, at the pace that each host bears, with every size and
// time bounded, and each failure named by a code.
//
// What is fetched is data. Nothing of it is run, and no answer changes where a
// request may go.
package fetch
