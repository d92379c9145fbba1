// Package write serves the write host: every request is one command, and its answer is stored with the command's
// events, so that the same request sent again gets the same answer.
//
// Which paths there are, what they need and what they take says the OpenAPI document; a handler here turns what was let
// in into a command, and the outcome into a resource.
package write

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api"
	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/eventstore"
)

// Vault seals personal data before it is stored, opens it when it is served, and knows what became of a person's key; an
// *eventstore.Vault is one.
type Vault interface {
	resource.Keys
	Seal(ctx context.Context, tenant, subject string, id uuid.UUID, plain []byte) (json.RawMessage, error)
	DropUnused(ctx context.Context, tenant, subject string, stream uuid.UUID) error
}

// Config says what the write host works with. Expiry, Now and Host have defaults.
type Config struct {
	Do     func(context.Context, commands.Request) (commands.Response, error) // commands.Engine.Do
	Store  *eventstore.Store                                                  // the log that Do writes to
	Vault  Vault
	Auth   *httpx.Authenticator
	Tokens *httpx.Tokens
	Expiry time.Duration // of pending orders, if the tenant's limits say nothing; default 60 min
	Now    func() time.Time
	Host   httpx.HostConfig
}

// server is what the handlers share.
type server struct {
	Config
	log *slog.Logger
}

// New returns the write host, ready to serve. It fails unless there is a handler for every operation of the OpenAPI
// document.
func New(config Config) (*httpx.Host, error) {
	if config.Do == nil || config.Store == nil || config.Vault == nil || config.Auth == nil || config.Tokens == nil {
		return nil, errors.New("write host: Do, Store, Vault, Auth and Tokens are needed")
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	config.Host.Name = "write"
	if config.Host.Log == nil {
		config.Host.Log = slog.New(slog.DiscardHandler)
	}
	document, err := api.Spec()
	if err != nil {
		return nil, err
	}
	routes, err := httpx.Routes(document, "write")
	if err != nil {
		return nil, err
	}
	host := httpx.NewHost(config.Host)
	border := httpx.NewBorder(config.Auth, routes, host.Timeout())
	s := &server{config, config.Host.Log}
	handlers := s.handlers()
	for _, route := range routes {
		h, ok := handlers[route.Operation]
		if !ok {
			return nil, fmt.Errorf("write host: operation %s has no handler", route.Operation)
		}
		delete(handlers, route.Operation)
		host.Add(route.Method, route.Path, border.Middleware(s.serve(h)))
	}
	for operation := range handlers {
		return nil, fmt.Errorf("write host: operation %s is not in the OpenAPI document", operation)
	}
	return host, nil
}
