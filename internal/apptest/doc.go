// Package apptest runs real applications that were not written for Tapedeck, so
// that tests record and replay what people use: TiddlyWiki, Verdaccio, MailDev
// and Node-RED, installed from npm by the lock file in e2e/apps
// (`make deps-test`). Each listens on a free loopback port, keeps its files in
// a folder of the test, and ends with the test.
package apptest
