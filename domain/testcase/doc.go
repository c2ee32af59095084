// Package testcase is what is tested by hand or by machine, as people read it: cases with steps, data and expected results,
// each of which says where it comes from, and what was found out on the way. A set of cases is the stream testcases/ID of
// one job, which writes it; people review it afterwards, and a second attempt of the job begins anew.
//
// All texts are data: those of recorded pages and ingested documents too. They are bounded in length, hold no control
// characters but line ends, and mean nothing; who shows or exports them escapes them for the place where they stand.
package testcase
