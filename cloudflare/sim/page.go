package sim

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

type resultInfo struct {
	Page       int `json:"page"`
	PerPage    int `json:"per_page"`
	Count      int `json:"count"`
	TotalCount int `json:"total_count"`
	TotalPages int `json:"total_pages"`
}

// paging is how long the pages of a list are, and how long and short they may
// be asked to be.
type paging struct{ usual, least, most int }

// page cuts the asked page out of rows. Past the end it is empty, which is
// how clients learn that there is no more.
func page[T any](q url.Values, rows []T, p paging) answer {
	number := max(1, whole(q.Get("page"), 1))
	size := min(max(whole(q.Get("per_page"), p.usual), p.least), p.most)
	from := min((number-1)*size, len(rows))
	cut := orEmpty(rows[from:min(from+size, len(rows))])
	return answer{result: cut, info: &resultInfo{Page: number, PerPage: size, Count: len(cut),
		TotalCount: len(rows), TotalPages: (len(rows) + size - 1) / size}}
}

// cursorInfo is what comes with a list that is walked by cursor. The last page
// has an empty one.
type cursorInfo struct {
	Count   int    `json:"count"`
	PerPage int    `json:"per_page"`
	Cursor  string `json:"cursor"`
}

var errCursor = refuse(http.StatusBadRequest, 1001, "Invalid cursor")

// byCursor cuts the rows behind the asked cursor, which is good for this list
// only as long as its order is. The code of a bad one was not established.
func byCursor[T any](q url.Values, rows []T, p paging) (answer, error) {
	from := 0
	if text := q.Get("cursor"); text != "" {
		raw, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			return answer{}, errCursor
		}
		if from, err = strconv.Atoi(string(raw)); err != nil || from < 0 {
			return answer{}, errCursor
		}
	}
	size := min(max(whole(q.Get("per_page"), p.usual), p.least), p.most)
	from = min(from, len(rows))
	to := min(from+size, len(rows))
	info := &cursorInfo{Count: to - from, PerPage: size}
	if to < len(rows) {
		info.Cursor = base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(to)))
	}
	return answer{result: orEmpty(rows[from:to]), info: info}, nil
}

// whole reads a number; the official clients write some as 20.0 or 2e+01.
func whole(s string, otherwise int) int {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f < 0 || f > 1e9 {
		return otherwise
	}
	return int(f)
}

// textFilter is one filter of a list on a text: plain, or with an operator
// (name.exact=, comment.contains=, comment.present=).
type textFilter struct{ operator, value string }

// textFilters are the filters that a query has on a field, case folded.
func textFilters(q url.Values, field string) []textFilter {
	var found []textFilter
	for _, operator := range []string{"", "exact", "contains", "startswith", "endswith", "present", "absent"} {
		for _, key := range []string{field + "." + operator, field + "[" + operator + "]"} {
			if operator == "" {
				key = field
			}
			if q.Has(key) {
				found = append(found, textFilter{operator, strings.ToLower(q.Get(key))})
				break
			}
		}
	}
	return found
}

func (f textFilter) matches(value string) bool {
	value = strings.ToLower(value)
	switch f.operator {
	case "contains":
		return strings.Contains(value, f.value)
	case "startswith":
		return strings.HasPrefix(value, f.value)
	case "endswith":
		return strings.HasSuffix(value, f.value)
	case "present":
		return value != ""
	case "absent":
		return value == ""
	default:
		return value == f.value
	}
}

// matchesTag compares with tags, which are a name and perhaps a value
// (owner:web). Operators on texts go by the value of one name.
func (f textFilter) matchesTag(tags []string) bool {
	if f.operator == "absent" {
		return !textFilter{"present", f.value}.matchesTag(tags)
	}
	wanted, part, _ := strings.Cut(f.value, ":")
	return slices.ContainsFunc(tags, func(tag string) bool {
		name, value, _ := strings.Cut(strings.ToLower(tag), ":")
		switch f.operator {
		case "present":
			return name == f.value
		case "contains", "startswith", "endswith":
			return name == wanted && textFilter{f.operator, part}.matches(value)
		default:
			return strings.EqualFold(tag, f.value)
		}
	})
}
