// Package repository proposes generated files to a git repository: a branch is pushed on which people's edits are kept. It
// runs the program git without a work tree, so that nothing of a repository is ever written to disk as files, filtered or
// executed.
package repository
