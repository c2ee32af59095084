// Package redis keeps the log, topics, deadlines, leases and watches in one Redis, for several
// processes and machines.
//
// Every change goes through one library of Redis Functions (lua/), whose name carries the digest of
// its source, so that processes of different builds run beside each other. Appends that are made at
// the same time travel in one call and are accepted or refused one by one.
//
// All keys begin with a partition's hash tag, {p0}:
//
//	{p0}log               the log: a stream in watermill-redisstream's wire format
//	{p0}heads             hash: stream → its newest slots: log entry id, version, 8 bytes of the hash
//	{p0}STREAM            list of the blocks of 16 slots before those
//	{p0}TOPIC             a topic: a stream in the same format, consumer group "tapedeck"
//	{p0}epoch             the log's name, checked by every call
//	{p0}layout            the form of all this; Open refuses another one
//	{p0}deadlines         sorted set: stream by time in milliseconds
//	{p0}leases            hash: stream → counter, length in milliseconds, token
//	{p0}watches           hash: stream → watches
//	{p0}paused, {p0}topics, {p0}workers, {p0}worker:ID
package redis
