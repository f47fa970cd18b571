// Package django reads the URL configuration out of a running Django app, by a
// short script that the app's own interpreter runs beside it. The script loads
// the app as manage.py does, reads and prints; it writes nothing, asks no
// database and ends by itself.
//
// It must not know Docker: who can run a command beside the app brings that.
package django
