package eventstore

import (
	"context"
	"fmt"
)

// Settled is what became of one append of several.
type Settled struct {
	Result Result
	Err    error // as of Store.Append
}

// AppendAll is Append of several, one after the other but in as few calls as their keys, claims and size allow. Later ones
// may have been decided on what earlier ones are about to store: when an earlier one is refused they conflict. An error
// means that nothing is certain but that WithLock will write none of them.
func (l *Locked) AppendAll(ctx context.Context, appends []Append) ([]Settled, error) {
	settled := make([]Settled, len(appends))
	queue := make([]*pending, 0, len(appends))
	for i, a := range appends {
		p := &pending{done: func(r Result, err error) { settled[i] = Settled{r, err} }}
		var err error
		if p.prepared, err = prepare(a); err != nil {
			settled[i].Err = err
			continue
		}
		queue = append(queue, p)
	}
	for len(queue) > 0 {
		var batch []*pending
		batch, queue = cut(queue, &values{})
		if err := l.append(ctx, batch); err != nil {
			return nil, fmt.Errorf("append under the lock: %w", err)
		}
	}
	return settled, nil
}

// append sends one batch and settles it.
func (l *Locked) append(ctx context.Context, batch []*pending) error {
	rows, err := l.call(ctx, l.params(batch))
	if err == nil {
		err = complete(rows, len(batch))
	}
	if err != nil {
		return err
	}
	l.settle(batch, rows)
	return nil
}
