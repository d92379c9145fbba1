package onlineretail

import (
	"cmp"
	"slices"
	"time"
)

// Books are the invoices and credits of some files, in the order in which they are handled.
type Books struct {
	RowsRead int
	Rejected map[Reason]int
	entries  []*entry
}

// entry is an invoice or a credit note: its accepted rows, in file order.
type entry struct {
	number string
	credit bool
	at     time.Time // the earliest of its rows
	rows   []row
	first  int // place of its first row in the files
}

// Read reads files, which are given in time order. progress hears how many bytes were read.
func Read(files []string, progress func(bytes int)) (*Books, error) {
	if progress == nil {
		progress = func(int) {}
	}
	b := &Books{Rejected: make(map[Reason]int)}
	byNumber := make(map[string]*entry)
	for _, file := range files {
		err := readFile(file, time.Now(), func(r row, why Reason) error {
			b.add(byNumber, r, why)
			return nil
		}, progress)
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(b.entries, func(x, y *entry) int {
		return cmp.Or(x.at.Compare(y.at), compareBool(x.credit, y.credit), cmp.Compare(x.first, y.first))
	})
	return b, nil
}

func (b *Books) add(byNumber map[string]*entry, r row, why Reason) {
	b.RowsRead++
	if why != "" {
		b.Rejected[why]++
		return
	}
	e := byNumber[r.invoice]
	if e == nil {
		e = &entry{number: r.invoice, credit: r.invoice[0] == 'C', at: r.at, first: b.RowsRead}
		byNumber[r.invoice] = e
		b.entries = append(b.entries, e)
	}
	if r.at.Before(e.at) {
		e.at = r.at
	}
	e.rows = append(e.rows, r)
}

// Entries counts the invoices and credits.
func (b *Books) Entries() int { return len(b.entries) }

func compareBool(x, y bool) int {
	switch {
	case x == y:
		return 0
	case y:
		return -1
	}
	return 1
}
