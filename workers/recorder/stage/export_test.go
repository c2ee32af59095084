package stage

// Samples are messages of every op, for the test that holds them against the published protocol.
var Samples = samples
