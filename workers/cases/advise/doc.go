// Package advise asks a model about derived cases: for clearer titles, and for cases that are missing. Whatever a model
// answers, and whatever a page or a document tells it to answer, what was derived stays: its steps, data, expected results,
// citations and proof are not in what is taken, and no case is taken away.
//
// What others wrote goes to the model as members of one JSON document, which is the user message; the system message is a
// constant. Of the answer a title is taken when it says the same (see title.go), and a further case when what it expects
// stands in a passage that was sent (see proposal.go). What is not taken is counted, with the reason.
package advise
