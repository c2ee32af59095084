// Package video makes videos of the pictures that a page showed.
package video
