package write

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"github.com/ordermill/ordermill/api/contract"
	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/order"
	"github.com/ordermill/ordermill/eventstore"
)

// maxPatches bounds how often a change is merged anew for a client that does not care about the version.
const maxPatches = 5

// patch is a merge patch (RFC 7396): what it has is set, null takes a value away.
type patch map[string]json.RawMessage

// has reports whether the patch says something of a member, and whether that is to take it away.
func (p patch) has(name string) (given, null bool) {
	value, given := p[name]
	return given, given && string(value) == "null"
}

// members reads an object, its values unread; no body has none.
func members(body []byte) (patch, error) {
	var p patch
	if body == nil {
		return p, nil
	}
	if err := json.Unmarshal(body, &p); err != nil {
		return nil, &httpx.Error{Code: httpx.CodeMalformedJSON, Detail: "The body cannot be read.", Cause: err}
	}
	return p, nil
}

// updateOrder changes what is given of an order. Personal data is one sealed blob: it is opened, merged and sealed anew,
// and the version that was read guards it against changes meanwhile.
func (s *server) updateOrder(ctx context.Context, r *request) (answer, error) {
	wish, err := members(r.Body)
	if err != nil {
		return answer{}, err
	}
	in, err := decode[contract.OrderPatch](r)
	if err != nil {
		return answer{}, err
	}
	if err := s.findOrder(ctx, r); err != nil {
		return answer{}, err
	}
	wanted := r.expect
	for attempt := 1; ; attempt++ {
		o, version, err := s.load(ctx, r.Identity.Tenant, r.order)
		if err == nil && wanted != nil && !slices.Contains(wanted, version) {
			err = &commands.VersionError{Current: version}
		}
		var command commands.PatchOrder
		if err == nil {
			command, err = r.patchOrder(ctx, o, wish, in)
		}
		if err != nil {
			return s.answered(ctx, r, err)
		}
		r.expect = []eventstore.Version{version}
		a, err := s.execute(ctx, r, command, changed(r))
		var stale *commands.VersionError
		if wanted != nil || attempt == maxPatches || !errors.As(err, &stale) {
			return a, err
		}
	}
}

// patchOrder makes one command of all that is given.
func (r *request) patchOrder(ctx context.Context, o *order.Order, wish patch, in *contract.OrderPatch) (commands.PatchOrder, error) {
	command := commands.PatchOrder{OrderID: o.ID, At: r.at}
	if err := r.patchPersonal(ctx, o, wish, &command); err != nil {
		return command, err
	}
	if err := r.patchDraft(o, wish, in, &command); err != nil {
		return command, err
	}
	if given, _ := wish.has("tags"); given {
		command.Steps = append(command.Steps, order.SetTags{Tags: value(in.Tags, nil), At: r.at})
	}
	if given, null := wish.has("metadata"); given {
		var metadata map[string]*string
		if err := json.Unmarshal(wish["metadata"], &metadata); err != nil {
			return command, err
		}
		set := order.SetMetadata{At: r.at}
		if null {
			set.Unset = slices.Sorted(maps.Keys(o.Metadata))
		}
		for _, key := range slices.Sorted(maps.Keys(metadata)) {
			if text := metadata[key]; text == nil {
				set.Unset = append(set.Unset, key)
			} else {
				if set.Set == nil {
					set.Set = make(map[string]string, len(metadata))
				}
				set.Set[key] = *text
			}
		}
		command.Steps = append(command.Steps, set)
	}
	return command, nil
}

// patchPersonal merges contact and addresses, and seals them if that changes anything.
func (r *request) patchPersonal(ctx context.Context, o *order.Order, wish patch, command *commands.PatchOrder) error {
	if !slices.ContainsFunc([]string{"customer", "shipping_address", "billing_address"}, func(name string) bool { _, given := wish[name]; return given }) {
		return nil
	}
	before, err := r.opened(ctx, o)
	if err != nil {
		return err
	}
	after := before
	if err := mergeContact(&after, wish); err != nil {
		return err
	}
	if after.ShippingAddress, err = mergeAddress(before.ShippingAddress, wish, "shipping_address"); err != nil {
		return err
	}
	if after.BillingAddress, err = mergeAddress(before.BillingAddress, wish, "billing_address"); err != nil {
		return err
	}
	contact := after.Email != before.Email || after.Phone != before.Phone
	shipping := string(after.ShippingAddress) != string(before.ShippingAddress)
	billing := string(after.BillingAddress) != string(before.BillingAddress)
	if !contact && !shipping && !billing {
		return nil
	}
	sealed, err := r.seal(ctx, o.CustomerID, o.ID, after)
	if err != nil {
		return err
	}
	country := countryOf(after.ShippingAddress)
	if o.Status == order.StatusDraft {
		draft := r.draft(command)
		draft.PII, draft.Country = sealed, &country
		return nil
	}
	if shipping {
		command.Address = &order.ChangeShippingAddress{Country: country, PII: sealed, At: r.at}
	}
	if billing {
		command.Steps = append(command.Steps, order.ChangeBillingAddress{PII: sealed, At: r.at})
	}
	if contact {
		command.Steps = append(command.Steps, order.ChangeContact{PII: sealed, At: r.at})
	}
	return nil
}

// draft returns the command's part that is for drafts.
func (r *request) draft(command *commands.PatchOrder) *commands.UpdateDraftOrder {
	if command.Draft == nil {
		command.Draft = &commands.UpdateDraftOrder{OrderID: command.OrderID, At: r.at}
	}
	return command.Draft
}

// patchDraft takes what only drafts can change; the command refuses it for other orders.
func (r *request) patchDraft(o *order.Order, wish patch, in *contract.OrderPatch, command *commands.PatchOrder) error {
	if in.Lines != nil {
		lines := orderLines(*in.Lines)
		r.draft(command).Lines = &lines
	}
	if given, _ := wish.has("shipping_method"); given {
		method := value(in.ShippingMethod, "")
		r.draft(command).ShippingMethod = &method
	}
	if given, _ := wish.has("discount_codes"); given {
		codes := value(in.DiscountCodes, nil)
		r.draft(command).DiscountCodes = &codes
	}
	if given, _ := wish.has("locale"); given {
		locale := canonicalLocale(value(in.Locale, ""))
		r.draft(command).Locale = &locale
	}
	if in.Customer != nil && in.Customer.Id != nil && *in.Customer.Id != o.CustomerID {
		if hasPersonal(o) || command.Draft != nil && command.Draft.PII != nil {
			return invalid("/customer/id", "cannot change once there is personal data, which is sealed for one customer; begin another draft")
		}
		r.draft(command).CustomerID = in.Customer.Id
	}
	return nil
}

// hasPersonal reports whether anything of a draft is sealed: nothing is paid or shipped of one.
func hasPersonal(o *order.Order) bool {
	return o.PII != nil || slices.ContainsFunc(o.Notes, func(n order.Note) bool { return n.PII != nil || n.Texts != nil }) ||
		slices.ContainsFunc(o.Holds, func(h order.Hold) bool { return h.Private != nil })
}

// mergeContact merges e-mail address and telephone number.
func mergeContact(p *resource.Personal, wish patch) error {
	given, null := wish.has("customer")
	if !given {
		return nil
	}
	if null {
		p.Email, p.Phone = "", ""
		return nil
	}
	contact, err := members(wish["customer"])
	if err != nil {
		return err
	}
	for name, field := range map[string]*string{"email": &p.Email, "phone": &p.Phone} {
		if given, _ := contact.has(name); given {
			*field = "" // null leaves it so
			if err := json.Unmarshal(contact[name], field); err != nil {
				return err
			}
		}
	}
	return nil
}

// mergeAddress merges an address; nil if nothing is left of it.
func mergeAddress(before json.RawMessage, wish patch, name string) (json.RawMessage, error) {
	given, null := wish.has(name)
	if !given || null {
		if null {
			return nil, nil
		}
		return before, nil
	}
	merged, err := members(before)
	if err != nil {
		return nil, err
	}
	change, err := members(wish[name])
	if err != nil {
		return nil, err
	}
	if merged == nil {
		merged = make(patch, len(change))
	}
	for field, text := range change {
		if string(text) == "null" {
			delete(merged, field)
		} else {
			merged[field] = text
		}
	}
	if len(merged) == 0 {
		return nil, nil
	}
	var address contract.Address // in the sequence in which addresses are stored
	if err := json.Unmarshal(httpx.Marshal(merged), &address); err != nil {
		return nil, err
	}
	return httpx.Marshal(canonical(&address)), nil
}

func countryOf(address json.RawMessage) string {
	var a contract.Address
	if address == nil || json.Unmarshal(address, &a) != nil {
		return ""
	}
	return value(a.Country, "")
}
