package httpx

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of an error's answer, so that it neither grows with what was sent nor costs what a real answer does.
const (
	maxFaults  = 100 // that are listed
	maxPointer = 512 // bytes
	maxDetail  = 512 // bytes of each text
	maxEcho    = 64  // bytes of what a client sent, within a text
)

// clip returns s cut to a number of bytes, with a mark if that takes something away.
func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit] + "…"
}

// bounded returns the first faults of perhaps many, with no text longer than anybody wants to read.
func bounded(faults []Fault) []Fault {
	out := slices.Clone(faults[:min(len(faults), maxFaults)])
	for i := range out {
		f := &out[i]
		if len(f.Pointer) > maxPointer {
			f.Pointer = f.Pointer[:strings.LastIndexByte(f.Pointer[:maxPointer], '/')]
		}
		f.Parameter, f.Detail, f.Meta = clip(f.Parameter, maxPointer), clip(f.Detail, maxDetail), maps.Clone(f.Meta)
		for name, value := range f.Meta {
			if text, ok := value.(string); ok {
				f.Meta[name] = clip(text, maxDetail)
			}
		}
	}
	return out
}
