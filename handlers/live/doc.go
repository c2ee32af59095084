// Package live delivers the log to clients as it grows.
//
// A Hub reads the log once, from its tail on, and gives every event to the subscriptions whose filter it matches.
// Subscriptions with the same filter, mode and encoding are one group: an event is matched and encoded once for all of
// them. A subscription that starts in the past, or whose client is too slow for its bounded queue, reads the log on
// its own from its cursor and joins its group again when it has reached the hub. The seam is exact: the hub keeps its
// last events, and joining happens under the lock under which events are handed out, so that a subscription sees each
// matching event once and in log order (TestNoGapNoDuplicate).
//
// Nothing here knows HTTP: a Conn is what carries the bytes.
package live
