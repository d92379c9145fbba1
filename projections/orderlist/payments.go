package orderlist

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"github.com/ordermill/ordermill/domain/order"
)

// encodePayments returns the payments as they are stored.
func (r *row) encodePayments() string { return string(appendPayments(nil, r.payments)) }

// appendPayments appends payments as json.Marshal writes them: without it where nothing needs an escape, which is
// nearly always, since a rebuild does this for every order there ever was. TestAppendPayments holds one against the
// other.
func appendPayments(buf []byte, payments []order.Payment) []byte {
	if len(payments) == 0 {
		return append(buf, "[]"...)
	}
	start := len(buf)
	for i := range payments {
		p := &payments[i]
		if !plain(p.Method) || !plain(p.Reference) || !plain(string(p.State)) {
			data, err := json.Marshal(payments)
			if err != nil {
				panic(err) // strings and integers only: it cannot fail
			}
			return append(buf[:start], data...)
		}
		if i == 0 {
			buf = append(buf, '[')
		} else {
			buf = append(buf, ',')
		}
		buf = append(append(append(buf, `{"payment_id":"`...), p.PaymentID.String()...), '"')
		buf = appendText(buf, `,"method":"`, p.Method)
		buf = appendText(buf, `,"reference":"`, p.Reference)
		buf = append(append(append(buf, `,"state":"`...), p.State...), '"')
		buf = appendSum(buf, `,"authorized":`, p.Authorized)
		buf = appendSum(buf, `,"captured":`, p.Captured)
		buf = appendSum(buf, `,"refunded":`, p.Refunded)
		buf = appendSum(buf, `,"voided":`, p.Voided)
		buf = append(buf, '}')
	}
	return append(buf, ']')
}

func plain(v string) bool {
	for i := range len(v) {
		switch c := v[i]; {
		case c < ' ', c >= utf8.RuneSelf, c == '"', c == '\\', c == '<', c == '>', c == '&':
			return false
		}
	}
	return true
}

func appendText(buf []byte, name, v string) []byte {
	if v == "" {
		return buf
	}
	return append(append(append(buf, name...), v...), '"')
}

func appendSum(buf []byte, name string, v int64) []byte {
	if v == 0 {
		return buf
	}
	return strconv.AppendInt(append(buf, name...), v, 10)
}
