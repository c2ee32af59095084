// Package deptest holds the test of who imports whom. The table in
// imports_test.go gives the reason for every forbidden import; the linter's
// depguard rules say the same in an editor.
package deptest
