// Package likeness says how much an element that is there now is like the one that was recorded, and whether that is
// enough to take it for the same.
//
// What is compared is what the recorder kept of the element (recording.Facts): what tells it from others (its words,
// id, name, test id, address, …), what it has in common with others of its make (class, type), the text around it and
// its place in the tree. The idea of weighing many weak signs is Similo's (arXiv 2208.00677). What differs is that
// likeness alone is not enough: at least one sign that tells elements apart has to be the same, and an element that is
// hardly more like than the next is not chosen. A wrong element does harm; none is an honest answer.
package likeness
