package peers

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// A devtools is a browser's end of the DevTools protocol under
// --remote-debugging-pipe: JSON texts, each ended by a zero byte, that the
// browser reads from its file descriptor 3 and writes to 4. It has one user at
// a time.
type devtools struct {
	to     *os.File
	from   *os.File
	reader *bufio.Reader
	lastID int
	events []message // arrived while a call waited for its answer
}

// A message is a call to the browser, its answer, or an event.
type message struct {
	ID      int             `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// newDevtools returns our end of the protocol and the two files that the
// browser has to find as 3 and 4.
func newDevtools() (d *devtools, theirs []*os.File, err error) {
	read3, write3, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	read4, write4, err := os.Pipe()
	if err != nil {
		read3.Close()
		write3.Close()
		return nil, nil, err
	}
	d = &devtools{to: write3, from: read4, reader: bufio.NewReader(read4)}
	return d, []*os.File{read3, write4}, nil
}

func (d *devtools) close() {
	d.to.Close()
	d.from.Close()
}

// setDeadline bounds the calls and events that follow.
func (d *devtools) setDeadline(t time.Time) error {
	if err := d.to.SetDeadline(t); err != nil {
		return err
	}
	return d.from.SetDeadline(t)
}

// call calls a method in a session, the browser itself if that is empty, and
// stores the answer in result unless it is nil.
func (d *devtools) call(session, method string, params, result any) error {
	d.lastID++
	id := d.lastID
	if err := d.send(message{ID: id, Session: session, Method: method}, params); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	for {
		m, err := d.receive()
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", method, err)
		case m.ID == 0:
			d.events = append(d.events, m)
		case m.ID != id:
			return fmt.Errorf("%s: answer %d to call %d", method, m.ID, id)
		case m.Error != nil:
			return fmt.Errorf("%s: %s", method, m.Error.Message)
		case result == nil:
			return nil
		default:
			return json.Unmarshal(m.Result, result)
		}
	}
}

// event returns the next event of a session.
func (d *devtools) event(session string) (message, error) {
	for {
		for len(d.events) > 0 {
			m := d.events[0]
			d.events = d.events[1:]
			if m.Session == session {
				return m, nil
			}
		}
		m, err := d.receive()
		if err != nil {
			return m, err
		}
		d.events = append(d.events, m)
	}
}

func (d *devtools) send(m message, params any) (err error) {
	if params != nil {
		if m.Params, err = json.Marshal(params); err != nil {
			return err
		}
	}
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	_, err = d.to.Write(append(text, 0))
	return err
}

func (d *devtools) receive() (m message, err error) {
	text, err := d.reader.ReadBytes(0)
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(bytes.TrimSuffix(text, []byte{0}), &m)
}
