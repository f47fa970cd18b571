// Package lab gives tests a real Docker engine of their own, with real
// containers and the real Compose command, on a machine that may have no
// container registry within reach.
//
// # The network
//
// The engine runs in a network namespace of its own, so it never touches the
// firewall, the addresses or the names of the machine. Inside, beside Docker's
// bridges, stands a bridge without members that holds HostAddress: an address
// of "the server" that is not a loopback address. Containers reach it through
// their gateway. A simulated edge listens there, and asking the app's port on
// it is asking from outside. What has to reach container addresses runs inside
// (Command) or dials inside (Dial); the engine's socket works from anywhere.
// There is no route out, and name servers refuse at once.
//
// # The images
//
// All are made from static binaries built here: the stand-in app under every
// name of the stock images, and the stand-in connector under the name of the
// official one. Where the connector finds its edge, and which authority it
// trusts, is baked into its image, so the program under test writes the same
// files as for the official one. The stand-ins of the database and the cache
// listen on their ports, so that who must not reach them has something to try.
//
// ImportDjango puts a real Django project (lab/django) in the place of the
// stand-in app: Debian's Django 3.2 and gunicorn, with the app's settings, paths
// and answers, where real people sign in (Fill). What the app's own, newer Django
// does otherwise is added to it in one file, config/newer.py. It is held to the
// same answers as the stand-in by internal/standin/app/apptest.
//
// Reuse: DOCKER_LAB names the folder of a lab that is already up, as
// cmd/culvert-lab prints it.
package lab
