package write

import (
	"context"
	"net/http"

	"github.com/ordermill/ordermill/api/contract"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/customer"
)

// customer is a command of the customer that the path names.
func (r *request) customer(cmd customer.Command) (commands.Command, error) {
	return commands.ChangeCustomer{CustomerID: r.path("customer_id"), Command: cmd, At: r.at}, nil
}

func erase(_ context.Context, r *request, in *contract.Erasure) (commands.Command, error) {
	id := r.path("customer_id")
	return r.customer(customer.Erase{CustomerID: id, KeyID: customer.KeyOf(id), Reason: value(in.Reason, ""), By: r.by(), At: r.at})
}

// eraseCustomer records the erasure, by which the database destroys the person's key in the same transaction, and says
// what became of the key.
func (s *server) eraseCustomer(ctx context.Context, r *request) (answer, error) {
	a, err := command(s, erase, erased)(ctx, r)
	if err != nil || a.status != http.StatusAccepted {
		return a, err // also of a dry run
	}
	key := customer.KeyOf(r.path("customer_id"))
	s.Vault.Forget(r.Identity.Tenant, key) // before the client hears of it; others learn it from the log
	destroyed, err := s.Vault.Destroyed(ctx, r.Identity.Tenant, key)
	if err != nil {
		return answer{}, unreachable("The erasure is recorded and the key is destroyed, if there was one, which cannot be looked up right now; send the request again.", err)
	}
	a.body = resource.WithKey(a.body, destroyed)
	return a, nil
}

func setLegalHold(_ context.Context, r *request, in *contract.LegalHold) (commands.Command, error) {
	return r.customer(customer.SetLegalHold{CustomerID: r.path("customer_id"), Reason: in.Reason, By: r.by(), At: r.at})
}

func liftLegalHold(_ context.Context, r *request, _ *contract.Nothing) (commands.Command, error) {
	return r.customer(customer.LiftLegalHold{CustomerID: r.path("customer_id"), By: r.by(), At: r.at})
}

// customerState renders what is known of the customer that the path names.
func customerState(r *request) func(commands.Outcome) rendered {
	return func(o commands.Outcome) rendered {
		body := resource.Customer(r.path("customer_id"), stateOf[customer.Customer](o), o.Version)
		return rendered{status: http.StatusOK, body: body}
	}
}

// erased renders what was done.
func erased(r *request) func(commands.Outcome) rendered {
	return func(o commands.Outcome) rendered {
		out := customerState(r)(o)
		out.status = http.StatusAccepted
		return out
	}
}
