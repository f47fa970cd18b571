package sim

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// control asks the control API of a Cloud as somebody of this machine.
func (w *world) control(method, path, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	w.Helper()
	r := httptest.NewRequestWithContext(w.Context(), method, path, strings.NewReader(body))
	r.RemoteAddr, r.Host = "127.0.0.1:4711", "127.0.0.1:8081"
	for _, f := range change {
		f(r)
	}
	got := httptest.NewRecorder()
	w.cloud.Control().ServeHTTP(got, r)
	return got
}

// controls is control with an answer that has to have a status and a text.
func (w *world) controls(method, path, body string, status int, want string) {
	w.Helper()
	if got := w.control(method, path, body); got.Code != status || !strings.Contains(got.Body.String(), want) {
		w.Errorf("%s %s answers %d %s, want %d with %s", method, path, got.Code, got.Body, status, want)
	}
}

func TestFaultsComeAndGoByTheControlAPI(t *testing.T) {
	w := newWorld(t, Options{})
	w.controls("GET", "/faults", "", 200, "[]")
	w.controls("POST", "/faults", `{"fault":"GET /zones status 502 x2"}`, 201, `{"id":1,"fault":"GET /zones status 502 x2"`)
	if r := w.call("GET", "zones", ""); r.status != 502 {
		t.Errorf("the fault that was added gives %d", r.status)
	}
	w.controls("GET", "/faults", "", 200, `"struck":1`)
	w.controls("POST", "/faults", `{"fault":"GET /zones reset-before"}`, 201, `"id":2`)
	w.controls("DELETE", "/faults/1", "", 204, "")
	w.controls("DELETE", "/faults/1", "", 404, "GET /faults lists them")
	w.controls("DELETE", "/faults", "", 204, "")
	w.controls("GET", "/faults", "", 200, "[]")
	if r := w.call("GET", "zones", ""); r.status != 200 {
		t.Errorf("with every fault gone: %d", r.status)
	}
	w.controls("POST", "/faults", `{"fault":"GET /zones explode"}`, 400, "is nothing that can go wrong")
	w.controls("POST", "/faults", `GET /zones`, 400, "GET /zones status 502")
}

func TestBreakagesAreBrokenAndMendedByTheControlAPI(t *testing.T) {
	w := breakable(t)
	before := w.seen()
	if got := w.control("GET", "/breakages", ""); strings.Count(got.Body.String(), `"broken":false`) != len(Breakages()) {
		t.Errorf("at first it lists %s", got.Body)
	}
	w.controls("DELETE", "/breakages/door-deleted", "", 409, ErrNotBroken.Error())
	w.controls("POST", "/breakages/door-deleted", "", 200, `"broken":true`)
	w.controls("POST", "/breakages/door-deleted", "", 409, ErrBroken.Error())
	if w.seen() == before {
		t.Error("nothing is broken")
	}
	w.controls("DELETE", "/breakages/door-deleted", "", 200, `"broken":false`)
	if w.seen() != before {
		t.Error("it is not as before")
	}
	w.controls("POST", "/breakages/weather", "", 404, "door-deleted")
	w.controls("PUT", "/breakages", "", 404, "there is no PUT /breakages")
}

func TestTheStateOfTheControlAPICanBeRestored(t *testing.T) {
	w, other := newWorld(t, Options{Seed: 1}), New(Options{})
	t.Cleanup(other.Close)
	if err := other.Restore(w.control("GET", "/state", "").Body.Bytes()); err != nil || other.Basics() != w.Basics {
		t.Errorf("restored is %+v (%v), want %+v", other.Basics(), err, w.Basics)
	}
}

func TestTheControlAPIAnswersThisMachineAlone(t *testing.T) {
	w := newWorld(t, Options{})
	for name, change := range map[string]func(*http.Request){
		"from elsewhere":        func(r *http.Request) { r.RemoteAddr = "192.0.2.7:4711" },
		"by a name of a page":   func(r *http.Request) { r.Host = "rebound.example.org:8081" },
		"by an address outside": func(r *http.Request) { r.Host = "192.0.2.7" },
		"by a page of a browser": func(r *http.Request) {
			r.Method = "DELETE"
			r.Header.Set("Sec-Fetch-Site", "cross-site")
		},
	} {
		if got := w.control("GET", "/faults", "", change); got.Code != http.StatusForbidden {
			t.Errorf("%s it answers %d", name, got.Code)
		}
	}
	for _, host := range []string{"localhost:8081", "[::1]:8081", "127.0.0.1"} {
		if got := w.control("GET", "/faults", "", func(r *http.Request) { r.Host = host }); got.Code != 200 {
			t.Errorf("as %s it answers %d %s", host, got.Code, got.Body)
		}
	}
}

func TestTheControlAPIListensOnLoopbackWhateverTheHost(t *testing.T) {
	w := newWorld(t, Options{})
	server, err := w.cloud.Listen(ServeOptions{Host: "0.0.0.0", Control: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer server.close()
	if !strings.HasPrefix(server.Control, "http://127.0.0.1:") {
		t.Errorf("it listens at %q", server.Control)
	}
	none, err := w.cloud.Listen(ServeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer none.close()
	if text, err := json.Marshal(none.Addresses); err != nil || none.Control != "" || strings.Contains(string(text), "control") {
		t.Errorf("unasked it listens at %q (%v)", none.Control, err)
	}
}
