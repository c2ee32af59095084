// Package crash measures how well the recorded ways to an element survive change: it loads the document of a step as
// it was recorded into a real browser, changes one thing of it, and asks the player which element the step's target
// leads to now.
//
// The element itself is kept in a variable of the document, where no selector sees it, so that the outcome is a fact
// and not another guess: the same element was found, another one was, or none. Where a change takes the element away,
// the right answer is that it is gone.
//
// Gather plays a recording in a real application and keeps, for each step, the page's document and what the
// recorder says of the element. A Lab applies the changes (Operators) to such samples. Documents are loaded without
// any network and their scripts do not run. Trees in the shadow of an element are left out: a document as text does
// not hold them.
package crash
