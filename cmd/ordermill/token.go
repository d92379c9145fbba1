package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ordermill/ordermill/api/httpx"
)

// demoTenant is the shop that dev seeds.
const demoTenant = "demo"

func (p *program) tokenCommand() *cobra.Command {
	var tenant, role, subject string
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Print an access token for development, valid for 24 hours",
		Long:  "Prints an access token that the dev of the same directory accepts. Nothing but the token goes to standard output.",
		Example: `  ordermill token --tenant demo --role admin
  curl -H "Authorization: Bearer $(ordermill token)" http://127.0.0.1:8081/v1/orders`,
		Args: cobra.NoArgs,
	}
	cmd.Flags().StringVar(&tenant, "tenant", demoTenant, "the shop")
	cmd.Flags().StringVar(&role, "role", "admin", strings.Join(httpx.Roles(), ", "))
	cmd.Flags().StringVar(&subject, "subject", "", "the person; needed for the role customer")
	_ = cmd.RegisterFlagCompletionFunc("role", cobra.FixedCompletions(httpx.Roles(), cobra.ShellCompDirectiveNoFileComp))
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := p.configure(cmd)
		if err != nil {
			return err
		}
		if _, known := httpx.RoleScopes(role); !known {
			return usagef("there is no role %q; roles are %s", role, strings.Join(httpx.Roles(), ", "))
		}
		if role == httpx.RoleCustomer && subject == "" {
			return usagef("a customer's token needs --subject, the customer's id")
		}
		issuer, err := issuerOf(c.DevDir, httpx.LoadDevelopmentKey, p.now) // a key that it made would be no dev's
		if err != nil {
			return err
		}
		token, err := issuer.Token(tenant, role, subject)
		if err != nil {
			return usagef("%w; use visible ASCII characters without spaces for --tenant and --subject", err)
		}
		_, err = fmt.Fprintln(p.stdout, token)
		return err
	}
	return cmd
}
