package rule

import (
	"errors"
	"fmt"
)

// Faults collects everything that is wrong with a command, so that its sender can mend it in one go. The zero value
// is ready to use.
type Faults struct {
	details []Detail
	other   error // what is no violation
}

// Add records one fault. The message is formatted as by fmt.Sprintf.
func (f *Faults) Add(code Code, pointer, format string, args ...any) {
	f.details = append(f.details, Detail{Pointer: pointer, Code: code, Message: fmt.Sprintf(format, args...)})
}

// AddDetail records one fault together with its figures.
func (f *Faults) AddDetail(d Detail) { f.details = append(f.details, d) }

// Err returns nil if nothing was recorded, else a *Violation with all faults (or the error that is none). The first fault gives the violation its
// code and its message.
func (f *Faults) Err() error {
	if f.other != nil {
		return f.other
	}
	if len(f.details) == 0 {
		return nil
	}
	first := f.details[0]
	message := first.Message
	if first.Pointer != "" {
		message = first.Pointer + ": " + message
	}
	if more := len(f.details) - 1; more > 0 {
		message = fmt.Sprintf("%s (and %d more)", message, more)
	}
	return &Violation{Code: first.Code, Message: message, Details: f.details}
}

// AddError records a violation of one part of a command: its details where it has some, else its own words. They get
// pointer unless they have one. Any other error is kept as it is and wins over all faults.
func (f *Faults) AddError(pointer string, err error) {
	var v *Violation
	switch {
	case err == nil:
		return
	case !errors.As(err, &v):
		f.other = errors.Join(f.other, err)
		return
	case len(v.Details) == 0:
		f.AddDetail(Detail{Pointer: pointer, Code: v.Code, Message: v.Message})
		return
	}
	for _, d := range v.Details {
		if d.Pointer == "" {
			d.Pointer = pointer
		}
		f.AddDetail(d)
	}
}
