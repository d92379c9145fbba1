package documents

import (
	"bytes"
	"fmt"
	"strconv"
)

// reply is what is left of the server's answer to MGET, as it comes over the wire: a line with the number of values,
// then each value as a line with its length and its bytes, or as one of the lines that say that there is none.
type reply []byte

var lineEnd = []byte("\r\n")

// replyOf checks that an answer has the values that were asked for.
func replyOf(answer []byte, values int) (reply, error) {
	line, rest, _ := bytes.Cut(answer, lineEnd)
	if want := "*" + strconv.Itoa(values); string(line) != want {
		return nil, fmt.Errorf("the answer to MGET begins with %.100q, want %q", line, want)
	}
	return rest, nil
}

// next returns the next value, which is valid as long as the answer is, or tells that there is none.
func (r *reply) next() (value []byte, there bool, err error) {
	line, rest, ok := bytes.Cut(*r, lineEnd)
	if !ok || len(line) == 0 {
		return nil, false, fmt.Errorf("the answer to MGET ends too soon, with %.100q", line)
	}
	*r = rest
	if string(line) == "$-1" || string(line) == "_" {
		return nil, false, nil
	}
	n, err := strconv.Atoi(string(line[1:]))
	if line[0] != '$' || err != nil || n < 0 || len(rest) < n+len(lineEnd) {
		return nil, false, fmt.Errorf("the answer to MGET has %.100q for a value", line)
	}
	*r = rest[n+len(lineEnd):]
	return rest[:n], true, nil
}
