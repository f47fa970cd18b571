package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/culvert/culvert/setup"
)

func TestThePageBreaksThePracticeAndTheStatusNamesIt(t *testing.T) {
	t.Parallel()
	s := newShop(t).applied()
	s.onPages(func(v *serving) {
		press(t, v, "/practice/break/door-deleted", http.StatusSeeOther)
		if page := press(t, v, "/practice/break/door-deleted", http.StatusConflict); !strings.Contains(page, "It stays as it is: it is broken already") {
			t.Errorf("breaking twice says:\n%s", page)
		}
		press(t, v, "/practice/break/the-bank", http.StatusNotFound)
	})
	s.tells(setup.ClassDoorMissing, true)
	s.onPages(func(v *serving) { press(t, v, "/practice/break/door-deleted/mend", http.StatusSeeOther) })
	s.must("status")
}

func TestTheRealPagesBreakNothing(t *testing.T) {
	t.Parallel()
	newShop(t).onPages(func(v *serving) {
		v.real, v.try = v.try, nil // whatever it is, it is not the practice
		w := httptest.NewRecorder()
		v.pages(v.real, "", v.log()).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/break", nil))
		if w.Code != http.StatusNotFound {
			t.Errorf("it answers %d", w.Code)
		}
	})
}

// onPages opens the practice as the dashboard does.
func (s *shop) onPages(f func(*serving)) {
	s.Helper()
	v := &serving{settings: &settings{data: s.data, stdout: io.Discard, stderr: io.Discard}}
	var err error
	if v.try, err = openWorkspace(s.Context(), v.settings, true); err != nil {
		s.Fatal(err)
	}
	practice := v.try
	defer func() {
		if err := practice.Close(); err != nil {
			s.Error(err)
		}
	}()
	f(v)
}

// press sends a form to the practice and gives the page that comes back.
func press(t *testing.T, v *serving, path string, want int) string {
	t.Helper()
	w := httptest.NewRecorder()
	v.pages(v.try, practicePath, v.log()).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, nil))
	if w.Code != want {
		t.Fatalf("%s answers %d, want %d: %s", path, w.Code, want, w.Body)
	}
	return w.Body.String()
}
