// Package secretscan looks for values that must not be anywhere, for tests: in
// files, as they are and in every encoding that applications, browsers and
// archives put them into, one inside the other.
package secretscan
