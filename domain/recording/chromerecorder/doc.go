// Package chromerecorder turns recordings of Chrome DevTools' Recorder panel
// (JSON of @puppeteer/replay) into recordings of ours and back. Pure.
//
// Nothing is lost in silence: whatever one side knows and the other does not is
// in the report, with its place. On the way out, a step that Chrome has no word
// for is kept as a customStep, which Chrome passes over and Import reads again.
package chromerecorder
