package sim

import (
	"net/url"
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
