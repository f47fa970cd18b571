// Package config reads and writes culvert.yaml, the file in which an operator
// writes down what a setup should be.
//
// It knows the file's words and their lines; what the words mean for an app is
// for package profile, whether they make sense for package setup. No secret is
// ever in the file, and no value of an unknown key is ever repeated in an error.
package config
