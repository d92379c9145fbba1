package resource

import (
	"bytes"
	"encoding/json"
)

// EventData reads an event's data as it is shown: without what is sealed, wherever events have that.
func EventData(data []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber() // amounts are exact
	var out map[string]any
	if err := decoder.Decode(&out); err != nil {
		return nil, err
	}
	payment, _ := out["payment"].(map[string]any)
	for _, name := range [...]string{"pii", "texts", "private"} {
		delete(out, name)
		delete(payment, name)
	}
	return out, nil
}
