// Package stage puts a browser context on a canvas: it sends the pictures of the shown page to viewers and takes
// their mouse, keyboard and touch, their answers to dialogs, lists and file choosers, and their wishes for tabs and
// addresses. It knows no transport: a viewer is a Seat, which a socket's handler reads and feeds.
//
// One viewer drives, the others watch. A frame goes to a seat only when the seat has acknowledged those before it, and
// only the newest one is kept, so that a slow viewer sees fewer frames and never an old one. Frames are acknowledged
// to the browser independently of the seats.
//
// Each page has goroutines of its own for its pictures, its input and its address, because a call to the browser
// returns only when the page has handled it: a page that hangs, or shows a dialog, holds up nothing but itself. Events
// of the driver arrive on its dispatch goroutine and are handed over at once; a call from there would wait for ever.
//
// What the browser draws outside of the page is not in the pictures. A script in a world of its own, which the page
// cannot see, takes the place of the native list of a select element and tells the cursor's shape.
package stage
