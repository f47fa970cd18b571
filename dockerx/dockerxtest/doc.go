// Package dockerxtest is what every Docker host must do, real or simulated: one
// suite of tests that each implementation runs on an app of its own.
package dockerxtest
