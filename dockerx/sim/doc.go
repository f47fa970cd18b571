// Package sim is a Docker host in memory: one Compose project or more with the
// services of Open Chat Studio, and room for a connector beside each. The
// rehearsal runs on it; it answers as package dockerx does and passes the same
// tests.
//
// It runs nothing. Who wants a connector behind the simulated container starts
// one in Options.OnConnector. A recreate makes effective what its entries say,
// because a rehearsal's files are edited for show.
package sim
