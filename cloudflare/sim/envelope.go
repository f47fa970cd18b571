package sim

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// answer is what an operation gives back.
type answer struct {
	status   int // 0: 200
	result   any
	info     any // result_info: none of a list that comes whole
	messages []message
	text     string // sent as it is, without the envelope
}

type message struct {
	Code    int     `json:"code"`
	Message string  `json:"message"`
	Type    *string `json:"type"`
}

// problem is one entry of the errors list.
type problem struct {
	Code    int       `json:"code"`
	Message string    `json:"message"`
	Chain   []problem `json:"error_chain,omitempty"`
}

// apiError is a refusal: the HTTP status and the errors of the envelope.
type apiError struct {
	status int
	errors []problem
}

func (e *apiError) Error() string {
	texts := make([]string, len(e.errors))
	for i, p := range e.errors {
		texts[i] = p.Message
	}
	return strings.Join(texts, "; ")
}

func refuse(status, code int, text string, chain ...problem) error {
	return &apiError{status, []problem{{Code: code, Message: text, Chain: chain}}}
}

type envelope struct {
	Result     json.RawMessage `json:"result"`
	Success    bool            `json:"success"`
	Errors     []problem       `json:"errors"`
	Messages   []message       `json:"messages"`
	ResultInfo any             `json:"result_info,omitempty"`
}

// reply is an answer ready to send. It is made while the state is locked,
// because results point into the state.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func success(a answer) (reply, error) {
	if a.text != "" {
		return reply{status: http.StatusOK, body: []byte(a.text), header: http.Header{"Content-Type": {"text/plain;charset=UTF-8"}}}, nil
	}
	result, err := json.Marshal(a.result)
	if err != nil {
		return reply{}, err
	}
	status := a.status
	switch status {
	case 0:
		status = http.StatusOK
	case http.StatusNoContent:
		return reply{status: status, header: http.Header{}}, nil
	}
	return enveloped(status, envelope{Result: result, Success: true, Errors: []problem{},
		Messages: orEmpty(a.messages), ResultInfo: a.info})
}

// isRefusal tells whether an error is the API's with that code.
func isRefusal(err error, code int) bool {
	var refused *apiError
	return errors.As(err, &refused) && refused.errors[0].Code == code
}

func failure(err error) reply {
	var refused *apiError
	if !errors.As(err, &refused) {
		refused = &apiError{http.StatusInternalServerError, []problem{{Code: 1, Message: err.Error()}}}
	}
	r, err := enveloped(refused.status, envelope{Result: json.RawMessage("null"),
		Errors: refused.errors, Messages: []message{}})
	if err != nil { // an envelope of strings and numbers cannot fail
		panic(err)
	}
	return r
}

func enveloped(status int, e envelope) (reply, error) {
	body, err := json.Marshal(e)
	return reply{status: status, body: append(body, '\n'),
		header: http.Header{"Content-Type": {"application/json"}}}, err
}

func (r reply) send(w http.ResponseWriter) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.WriteHeader(r.status)
	w.Write(r.body) // a client that went away is its own affair
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
