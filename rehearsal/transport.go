package rehearsal

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
)

// handlerTransport answers requests from a handler in this process. A handler that
// drops the connection gives an error, as on a network.
type handlerTransport struct{ handler http.Handler }

func (t handlerTransport) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	defer func() {
		switch dropped := recover(); dropped {
		case nil:
		case http.ErrAbortHandler:
			resp, err = nil, cmp.Or(r.Context().Err(), io.ErrUnexpectedEOF)
		default:
			panic(dropped)
		}
	}()
	in := r.Clone(r.Context())
	in.RequestURI = r.URL.RequestURI()
	in.RemoteAddr = "127.0.0.1:0"
	if in.Body == nil {
		in.Body = http.NoBody
	}
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	rec := httptest.NewRecorder()
	t.handler.ServeHTTP(rec, in)
	resp = rec.Result()
	resp.Request = r
	return resp, nil
}

// resultString takes the result out of an answer of the API; empty if there is
// none.
func resultString(body []byte) string {
	var answer struct{ Result string }
	if err := json.Unmarshal(body, &answer); err != nil {
		return ""
	}
	return answer.Result
}
