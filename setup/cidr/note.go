package cidr

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// note is what a piece says of an entry that it is a part of.
type note struct {
	Entry // to the letter
	whole netip.Prefix
}

var noteText = regexp.MustCompile(`\[culvert: part of ([^\]\s]+)\]`)

// notesOf reads which entries a piece is a part of. None: it is no piece.
func notesOf(e Entry, piece netip.Prefix) []note {
	var notes []note
	begin := 0
	for _, at := range noteText.FindAllStringSubmatchIndex(e.Description, -1) {
		address := e.Description[at[2]:at[3]]
		whole, err := Parse(address)
		if err != nil || !within(piece, whole) {
			return nil
		}
		description := strings.TrimSuffix(e.Description[begin:at[0]], " ")
		notes = append(notes, note{Entry{Address: address, Description: description}, whole})
		begin = at[1]
	}
	return notes
}

func narrowest(notes []note) netip.Prefix {
	return slices.MaxFunc(notes, func(a, b note) int { return a.whole.Bits() - b.whole.Bits() }).whole
}

// pieceOf is the entry for a piece, with a note for each of its owners.
func pieceOf(p netip.Prefix, owners []*original) (Entry, error) {
	owners = slices.SortedFunc(slices.Values(owners), func(a, b *original) int { return a.whole.Bits() - b.whole.Bits() })
	var text strings.Builder
	for i, o := range owners {
		if i > 0 && o.whole == owners[i-1].whole {
			return Entry{}, refuse("The list has the entry %s twice. Remove one of them in the dashboard.", o.Address)
		}
		if o.Description != "" {
			text.WriteString(o.Description + " ")
		}
		text.WriteString("[culvert: part of " + o.Address + "]")
	}
	if n := utf8.RuneCountInString(text.String()); n > MaxDescription {
		return Entry{}, refuse("The description of the entry %s is too long by %d characters to note there how it is put back. Shorten it in the dashboard.",
			owners[len(owners)-1].Address, n-MaxDescription)
	}
	return Entry{Address: p.String(), Description: text.String()}, nil
}
