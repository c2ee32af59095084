//go:build !race

package tapedecktest

const race = false
