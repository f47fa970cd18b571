package sim

import (
	"fmt"
	"reflect"
	"strings"
)

// UnsureNames are the names of what Unsure chooses.
func UnsureNames() (names []string) {
	fields := reflect.TypeFor[Unsure]()
	for i := range fields.NumField() {
		names = append(names, fields.Field(i).Name)
	}
	return names
}

// Choose switches a choice on by its name; an error says which there are.
func (u *Unsure) Choose(name string) error {
	field := reflect.ValueOf(u).Elem().FieldByName(name)
	if !field.IsValid() {
		return fmt.Errorf("nothing that is unsure is called %q: %s", name, strings.Join(UnsureNames(), ", "))
	}
	field.SetBool(true)
	return nil
}
