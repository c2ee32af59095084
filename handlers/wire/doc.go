// Package wire holds connections that outlive their HTTP request: WebSockets (coder/websocket joined to fiber) and
// streamed responses (SSE, NDJSON). Both are taken from fasthttp and detached, so that an idle one costs a socket, a
// small buffer and one goroutine.
//
// The joint relies on two things that the TestUpgrade tests hold in place: websocket.Accept does not touch the connection
// before the first read, and fasthttp's KeepHijackedConns lets go of a connection when the hijack handler returns.
// Every data frame is written by Conn.WriteFrames, never by coder's own writer: the two would interleave inside a
// large frame. coder's control frames are small enough to go out in one write, which Conn serialises.
package wire
