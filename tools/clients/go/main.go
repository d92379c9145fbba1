// Command client places an order and reads it back, by a client that a foreign generator has made of api/openapi.yaml.
// It stands for every program that is written against the contract: what it needs must be there and compile.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/ordermill/ordermill/tools/clients/go/client"
)

// bearer answers every operation's question for a token with the one that it is.
type bearer string

func (b bearer) Bearer(context.Context, client.OperationName) (client.Bearer, error) {
	return client.Bearer{Token: string(b)}, nil
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := run(ctx, os.Getenv("WRITE_URL"), os.Getenv("READ_URL"), bearer(os.Getenv("TOKEN"))); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, writeURL, readURL string, token bearer) error {
	write, err := client.NewClient(writeURL, token)
	if err != nil {
		return err
	}
	read, err := client.NewClient(readURL, token)
	if err != nil {
		return err
	}
	order := client.NewOrder{Currency: "EUR", Lines: client.NewOrderLines{{Sku: "MUG-ENAMEL-BLUE", Quantity: 1}}}
	for _, prefer := range []client.OptString{client.NewOptString("dry-run"), {}} {
		placed, consistency, err := place(ctx, write, &order, prefer)
		if err != nil {
			return err
		}
		if dry, ok := placed.DryRun.Get(); ok {
			fmt.Printf("would be placed at %d, by %d events\n", placed.Totals.Total.Amount, len(dry.Events))
			continue
		}
		found, err := read.GetOrder(ctx, client.GetOrderParams{ID: placed.ID.String(), HeaderConsistencyToken: consistency})
		if err != nil {
			return err
		}
		got, ok := found.(*client.OrderHeaders)
		if !ok {
			return fmt.Errorf("read: %T", found)
		}
		fmt.Println("placed", got.Response.OrderNumber, got.Response.Status)
	}
	return nil
}

// place returns the same type for an order that was placed and for one that would be.
func place(ctx context.Context, write *client.Client, order *client.NewOrder, prefer client.OptString) (*client.Order, client.OptString, error) {
	answer, err := write.PlaceOrder(ctx, order, client.PlaceOrderParams{IdempotencyKey: fmt.Sprint("client-", time.Now().UnixNano()), Prefer: prefer})
	if err != nil {
		return nil, client.OptString{}, err
	}
	switch a := answer.(type) {
	case *client.OrderChangedHeaders:
		return &a.Response, a.ConsistencyToken, nil
	case *client.OrderCreatedHeaders:
		return &a.Response, a.ConsistencyToken, nil
	default:
		return nil, client.OptString{}, fmt.Errorf("place: %T", answer)
	}
}
