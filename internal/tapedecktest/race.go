//go:build race

package tapedecktest

const race = true
