// Package write serves the write host: every request is one command, and its answer is stored with the command's
// events, so that the same request sent again gets the same answer.
package write

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/ordermill/ordermill/api"
	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/commands"
	"github.com/ordermill/ordermill/eventstore"
)

//go:generate go tool -modfile=../../tools/go.mod oapi-codegen -config server.cfg.yaml ../openapi.yaml

// Vault seals personal data before it is stored and opens it when it is served; *eventstore.Vault is one.
type Vault interface {
	resource.Opener
	Seal(ctx context.Context, tenant, subject string, id uuid.UUID, plain []byte) (json.RawMessage, error)
}

// Config says what the write host works with. Expiry, Now and Host have defaults.
type Config struct {
	Do     func(context.Context, commands.Request) (commands.Response, error) // commands.Engine.Do
	Store  *eventstore.Store                                                  // the log that Do writes to
	Vault  Vault
	Auth   *httpx.Authenticator
	Tokens *httpx.Tokens
	Expiry time.Duration // of pending orders; default 60 min
	Now    func() time.Time
	Host   httpx.HostConfig
}

// server implements the generated StrictServerInterface.
type server struct {
	Config
	log *slog.Logger
}

var _ StrictServerInterface = (*server)(nil)

// New returns the write host, ready to serve.
func New(config Config) (*httpx.Host, error) {
	if config.Do == nil || config.Store == nil || config.Vault == nil || config.Auth == nil || config.Tokens == nil {
		return nil, errors.New("write host: Do, Store, Vault, Auth and Tokens are needed")
	}
	if config.Expiry <= 0 {
		config.Expiry = time.Hour
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
	middlewares := make(map[string][]echo.MiddlewareFunc, len(routes))
	for _, r := range routes {
		middlewares[r.Operation] = []echo.MiddlewareFunc{border.Middleware}
	}
	handler := NewStrictHandler(&server{config, config.Host.Log}, nil)
	RegisterHandlersWithOptions(host, handler, RegisterHandlersOptions{OperationMiddlewares: middlewares})
	return host, nil
}
