package main

import (
	"fmt"
	"net/url"
)

// greet prints where everything is, a token, and a line that places an order.
func (d *dev) greet(token string) {
	rows := [][2]string{
		{"write API", link(d.addresses.write, "/v1")},
		{"read API", link(d.addresses.read, "/v1")},
		{"API reference", link(d.addresses.read, "/docs")},
		{"health, figures", link(d.addresses.admin, "/readyz") + "  " + link(d.addresses.admin, "/metrics")},
		{"database", "psql " + quote(withoutSecrets(d.config.DatabaseURL))},
		{"cache", redisLine(d.config.RedisURL)},
		{"settings", ". " + quote(d.config.DevDir+"/"+devEnvFile)},
	}
	if d.servers.standIn {
		rows = append(rows, [2]string{"note", "no Redis is installed: a slower stand-in runs inside this program"})
	}
	fmt.Fprintf(d.stdout, "\nordermill %s, tenant %s\n\n", version, demoTenant)
	d.printPairs(rows)
	fmt.Fprintf(d.stdout, "\ntoken (admin, 24 hours):\n%s\n\nplace an order:\n%s\n\n", token, d.curlLine(token))
}

// curlLine places another order each time it is pasted: the key is the time and, where the shell has one, a random
// number.
func (d *dev) curlLine(token string) string {
	return fmt.Sprintf(`curl -sS %s -H 'Authorization: Bearer %s' -H "Idempotency-Key: $(date +%%s%%N)-$RANDOM" -H 'Content-Type: application/json' -d '{"currency":"EUR","lines":[{"sku":"%s","quantity":1}]}'`,
		link(d.addresses.write, "/v1/orders"), token, demoProducts[0].sku)
}

// redisLine is the command that opens Redis.
func redisLine(address string) string {
	parsed, err := url.Parse(address)
	if err == nil && parsed.Scheme == "unix" {
		return "redis-cli -s " + quote(parsed.Path)
	}
	return "redis-cli -u " + quote(withoutSecrets(address))
}
