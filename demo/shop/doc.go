// Package shop is a small web shop for whoever meets Tapedeck for the first
// time, and for tests: a site with what real ones have. Products and a search,
// accounts, a cart that scripts change, vouchers, a checkout, orders, a window
// that opens, a frame with a form of its own, and stock that is told live over
// a WebSocket.
//
// All of it is embedded and kept in memory: each Shop begins with the same
// products and the same account, and forgets everything with the process.
// What it should do is written in demo/documents; what people do in it is
// recorded in demo/flows.
package shop
