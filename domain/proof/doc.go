// Package proof is what is known of a test project's worth: which of its tests passed how often under which conditions,
// which faults each of them notices, and what follows from that. A proof is the stream proof/ID of one verification, ID
// being the job's; the worker writes it, and a second attempt goes on where the first one stopped.
package proof
