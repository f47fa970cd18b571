// Package web is what people see: the pages as templ components, the words on
// them, the models that they are drawn from, and the style sheet and scripts.
//
// It turns the domain's types into text and markup and nothing else. It must not
// know requests, sessions or routes beyond the links that it writes, and it asks
// nobody for anything: whoever renders a page brings what is on it.
package web
