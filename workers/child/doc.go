// Package child brings jobs to their ends that another job has begun: it waits for them, tells how far they are, and hands on
// what the other one is asked.
package child
