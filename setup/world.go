package setup

import "slices"

// Object is one thing as a Port saw it. Ports know no keys; the domain assigns
// them.
type Object struct {
	Scope string // as Key.Scope
	ID    string // the provider's, unique within kind and scope
	Mark  string // ours or another installation's; empty if none
	State State
	Raw   []byte // as the provider sent it, for edits that keep the rest
}

// ReadScope is what one read covers.
type ReadScope struct {
	Kind  Kind
	Scope string
}

// World is what was seen. What could not be read is in Unread: it is not
// absent, and it counts as live.
type World struct {
	Objects []Object
	Unread  map[ReadScope]Problem
}

// Add takes over what another Port saw. What was seen twice counts once.
func (w *World) Add(o World) {
	type place struct {
		kind      Kind
		scope, id string
	}
	seen := map[place]bool{}
	for _, have := range w.Objects {
		seen[place{have.State.Kind(), have.Scope, have.ID}] = true
	}
	for _, object := range o.Objects {
		at := place{object.State.Kind(), object.Scope, object.ID}
		if !seen[at] {
			seen[at] = true
			w.Objects = append(w.Objects, object)
		}
	}
	for at, p := range o.Unread {
		w.Miss(at.Kind, at.Scope, p)
	}
}

// With is a world in which some kinds are as a newer look shows them.
func (w World) With(newer World, kinds []Kind) World {
	var out World
	take := func(from World, of func(Kind) bool) {
		for _, o := range from.Objects {
			if of(o.State.Kind()) {
				out.Objects = append(out.Objects, o)
			}
		}
		for at, p := range from.Unread {
			if of(at.Kind) {
				out.Miss(at.Kind, at.Scope, p)
			}
		}
	}
	take(w, func(k Kind) bool { return !slices.Contains(kinds, k) })
	take(newer, func(k Kind) bool { return slices.Contains(kinds, k) })
	return out
}

// Miss notes that a read failed.
func (w *World) Miss(kind Kind, scope string, p Problem) {
	if w.Unread == nil {
		w.Unread = map[ReadScope]Problem{}
	}
	w.Unread[ReadScope{kind, scope}] = p
}

func (w World) unread(k Key) (Problem, bool) {
	p, bad := w.Unread[ReadScope{k.Kind, k.Scope}]
	return p, bad
}

// index finds the objects of a world by what they are and whose mark they carry.
type index struct {
	in       map[ReadScope][]*Object
	id, mark map[named][]*Object
}

type named struct {
	ReadScope
	text string
}

func (w World) index() index {
	x := index{map[ReadScope][]*Object{}, map[named][]*Object{}, map[named][]*Object{}}
	for i := range w.Objects {
		o := &w.Objects[i]
		at := ReadScope{o.State.Kind(), o.Scope}
		x.in[at] = append(x.in[at], o)
		x.id[named{at, o.ID}] = append(x.id[named{at, o.ID}], o)
		x.mark[named{at, o.Mark}] = append(x.mark[named{at, o.Mark}], o)
	}
	return x
}

// of gives the objects of a key's kind and scope.
func (x index) of(k Key) []*Object { return x.in[ReadScope{k.Kind, k.Scope}] }

func (x index) byID(k Key, id string) *Object {
	found := x.id[named{ReadScope{k.Kind, k.Scope}, id}]
	if id == "" || len(found) == 0 {
		return nil
	}
	return found[0]
}

// marked gives the objects of a key's kind and scope that carry a mark.
func (x index) marked(k Key, mark string) []*Object {
	return x.mark[named{ReadScope{k.Kind, k.Scope}, mark}]
}
