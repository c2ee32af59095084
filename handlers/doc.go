// Package handlers is the HTTP and live side of Tapedeck: the job API, WebSocket, SSE and NDJSON delivery, the
// served page and the operational endpoints. It is the only package that knows fiber. The API is written down
// first, in openapi.yaml and asyncapi.yaml; tests hold the code against both.
package handlers
