package write

import (
	"context"

	"github.com/ordermill/ordermill/api/contract"
	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/domain/order"
)

func issueInvoice(ctx context.Context, r *request, in *contract.NewInvoice) (commands.Command, error) {
	invoice := order.IssueInvoice{DocumentRef: value(in.DocumentRef, ""), By: r.by(), At: r.at}
	var err error
	if invoice.Texts, err = r.texts(ctx, map[string]*string{"document_ref": &invoice.DocumentRef}); err != nil {
		return nil, err
	}
	return commands.IssueInvoice{OrderID: r.order, Series: value(in.Series, ""), Invoice: invoice}, nil
}

func issueCreditNote(ctx context.Context, r *request, in *contract.NewCreditNote) (commands.Command, error) {
	credit := order.IssueCreditNote{
		InvoiceNumber: in.InvoiceNumber, Reason: value(in.Reason, ""), DocumentRef: value(in.DocumentRef, ""), By: r.by(), At: r.at,
	}
	if in.Amount != nil {
		if err := r.sameCurrency(ctx, priced{"/amount", in.Amount}); err != nil {
			return nil, err
		}
		if credit.Amount = in.Amount.Amount; credit.Amount < 1 {
			return nil, invalid("/amount/amount", "1 or more is credited; leave it out for all that is left of the invoice")
		}
	}
	var err error
	if credit.Texts, err = r.texts(ctx, map[string]*string{"document_ref": &credit.DocumentRef}); err != nil {
		return nil, err
	}
	if credit.Private, err = r.texts(ctx, map[string]*string{"reason": &credit.Reason}); err != nil {
		return nil, err
	}
	return commands.IssueCreditNote{OrderID: r.order, Series: value(in.Series, ""), Credit: credit}, nil
}
