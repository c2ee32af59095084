// Package probe looks at an environment as tests would find it: whether its address answers under the egress policy, its
// secrets can be resolved and its login is there. It keeps nothing, changes nothing there (one GET and the redirects that
// it leads to), and no value of a secret is in what it says.
package probe
