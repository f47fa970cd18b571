// Package diagnosis says what is wrong with a setup, and why: from what a plan
// would change, what stands in its way, what the checks saw and what the Docker
// host tells, it makes findings in the words of people.
//
// One cause gives one finding: a door that was deleted explains why its check
// fails, and the two are not told apart. Rules go along the way of a caller, the
// widest cause first; each takes what it explains, and what is left over at the
// end is told as unexplained. So nothing is told twice, and nothing that fails
// or that nobody could read goes untold.
//
// It is pure: no clock, no network, no store. The same input gives the same
// findings.
package diagnosis
