package app_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/culvert/culvert/internal/standin/app"
	"github.com/culvert/culvert/internal/standin/app/apptest"
)

const ownAddress = "172.18.0.7"

func env(pairs ...string) app.Lookup {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return func(k string) (string, bool) { v, ok := m[k]; return v, ok }
}

func settings(t *testing.T, pairs ...string) app.Settings {
	t.Helper()
	s, err := app.FromEnv(env(pairs...), func() string { return ownAddress })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestItAnswersAsTheAppDoes(t *testing.T) {
	apptest.Run(t, func(t *testing.T, pairs ...string) apptest.App {
		h := app.Handler(settings(t, pairs...), io.Discard)
		return apptest.App{Address: ownAddress, Do: func(r *http.Request) (*http.Response, error) {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w.Result(), nil
		}}
	})
}

func TestARequestWithoutAHostIsRefused(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Host = ""
	w := httptest.NewRecorder()
	app.Handler(settings(t), io.Discard).ServeHTTP(w, r)
	if w.Code != 400 {
		t.Errorf("%d", w.Code)
	}
}

func TestRequestsAreLogged(t *testing.T) {
	var log strings.Builder
	h := app.Handler(settings(t), &log)
	for _, path := range []string{"/", "/nowhere?token=secret"} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
	}
	if got, want := log.String(), "GET / 200\nGET /nowhere 404\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
