package main

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ordermill/ordermill/api/httpx"
)

// What belongs to a development never gets into production, in whatever form and under whatever name.
func TestServe_refusesDevelopmentKeys(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	issuer, err := devIssuer(dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	master, err := devMasterKeyOf(dir)
	if err != nil {
		t.Fatal(err)
	}
	private, err := httpx.LoadDevelopmentKey(filepath.Join(dir, devJWTKey))
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	jwk := func(kid string, public ed25519.PublicKey) string {
		return `{"kty":"OKP","crv":"Ed25519","kid":"` + kid + `","x":"` + base64.RawURLEncoding.EncodeToString(public) + `"}`
	}
	public, _ := private.Public().(ed25519.PublicKey)
	const good = "2026:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	for name, tt := range map[string]struct{ keys, master, issuer, says string }{
		"the key set of a dev":       {string(issuer.JWKS()), good, "https://login.example", "development key"},
		"its JWK":                    {jwk("dev-x", public), good, "https://login.example", "development key"},
		"its JWK under another name": {jwk("prod", public), good, "https://login.example", "development key"},
		"beside another":             {`{"keys":[` + jwk("a", other) + `,` + jwk("b", public) + `]}`, good, "https://login.example", "development key"},
		"its PEM":                    {string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), good, "https://login.example", "development key"},
		"its PEM under another name": {string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Headers: map[string]string{"kid": "prod"}, Bytes: der})), good, "https://login.example", "development key"},
		"its issuer":                 {jwk("a", other), good, httpx.DevelopmentIssuer, "JWT_ISSUER"},
		"its master key":             {jwk("a", other), master, "https://login.example", "MASTER_KEY: this is the key of an ordermill dev"},
		"its master key, renamed":    {jwk("a", other), "prod" + strings.TrimPrefix(master, devMasterID), "https://login.example", "MASTER_KEY: this is the key of an ordermill dev"},
		"nothing of a dev":           {jwk("a", other), good, "https://login.example", "is it running?"},
	} {
		file := filepath.Join(t.TempDir(), "keys")
		if err := os.WriteFile(file, []byte(tt.keys), 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, stderr := run(t, map[string]string{
			"DATABASE_URL": "postgres://127.0.0.1:1/x", "WRITE_ADDR": "127.0.0.1:0", "READ_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "127.0.0.1:0",
			"DEV_DIR": dir, "MASTER_KEY": tt.master, "JWT_KEY_FILE": file, "JWT_ISSUER": tt.issuer,
		}, "serve")
		if !strings.Contains(stderr, tt.says) {
			t.Errorf("%s: %q; want %q", name, stderr, tt.says)
		}
	}
	_, _, stderr := run(t, map[string]string{"DATABASE_URL": "postgres://127.0.0.1:1/x", "JWT_KEY_FILE": filepath.Join(dir, devJWTKey)}, "serve")
	if !strings.Contains(stderr, "PRIVATE KEY") {
		t.Errorf("its file: %q", stderr)
	}
}

// Keys come over http from this machine alone.
func TestCheckJWKSURL(t *testing.T) {
	t.Parallel()

	for url, want := range map[string]bool{
		"https://login.example/jwks": true, "http://127.0.0.1:8080/jwks": true, "http://[::1]/jwks": true, "http://localhost/jwks": true,
		"http://login.example/jwks": false, "http://localhost.example/jwks": false, "http://10.0.0.7/jwks": false, "http://0.0.0.0/jwks": false,
		"HTTP://login.example/jwks": false, "http://127.0.0.1@login.example/jwks": false, "ftp://127.0.0.1/jwks": false, "file:///jwks": false,
		"login.example/jwks": false, "https://": false, "https:///jwks": false,
	} {
		if err := checkJWKSURL(url); (err == nil) != want {
			t.Errorf("%s: %v; want taken: %v", url, err, want)
		}
	}
}

// A name that is nearly a setting's is not ignored; what Kubernetes and a dev's env file set is no misspelling.
func TestMisspelt(t *testing.T) {
	t.Parallel()

	for name, want := range map[string]string{
		"ORDERMILL_DATABASE": "ORDERMILL_DATABASE_URL", "ORDERMILL_DB_URL": "", "ORDERMILL_JWKS_URL": "ORDERMILL_JWT_JWKS_URL",
		"ORDERMILL_MASTERKEY": "ORDERMILL_MASTER_KEY", "ordermill_master_key": "ORDERMILL_MASTER_KEY", "ORDERMIL_MASTER_KEY": "ORDERMILL_MASTER_KEY",
		"ODERMILL_LOG_LEVEL": "ORDERMILL_LOG_LEVEL", "ORDERMILL_PORT": "", "ORDERMILL_LOGLEVEL": "ORDERMILL_LOG_LEVEL", "ORDERMILL_": "",
	} {
		faults := misspelt(map[string]string{name: "8080"})
		if len(faults) != 1 || !strings.Contains(faults[0].Error(), "is "+want) {
			t.Errorf("%s: %v; want one fault that names %s", name, faults, want)
		}
	}
	for name, value := range map[string]string{
		"ORDERMILL_DATABASE_URL": "x", "ORDERMILL_DEV_PRIVATE_SERVERS": "1", "ORDERMILL_SERVICE_HOST": "10.0.0.1", "ORDERMILL_WRITE_SERVICE_PORT_HTTP": "80",
		"ORDERMILL_WRITE_PORT": "tcp://10.0.0.1:80", "ORDERMILL_READ_PORT_8081_TCP_ADDR": "10.0.0.1", "DATABASE_URL": "x", "ORDER_TTL": "x", "PATH": "/bin",
		"XORDERMILL_LOG": "x", "MASTER_KEY": "x",
	} {
		if faults := misspelt(map[string]string{name: value}); len(faults) > 0 {
			t.Errorf("%s: %v", name, faults)
		}
	}
}

// No form in which a password can stand in a connection string is shown.
func TestWithoutSecrets(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]string{
		"postgres://ada:hunter2@db:5432/x?sslmode=require":   "postgres://ada:xxxxx@db:5432/x?sslmode=require",
		"postgres://db/x?user=ada&password=hunter2":          "postgres://db/x?password=xxxxx&user=ada",
		"postgres://db/x?sslkey=/k&sslpassword=hunter2":      "postgres://db/x?sslkey=xxxxx&sslpassword=xxxxx",
		"host=db user=ada password=hunter2 dbname=x":         "host=db user=ada password=xxxxx dbname=x",
		"host=db password = 'hunter2 hunter2\\'s' dbname=x":  "host=db password = xxxxx dbname=x",
		"host=db PASSWORD=hunter2":                           "host=db PASSWORD=xxxxx",
		"redis://:hunter2@cache:6379/0":                      "redis://:xxxxx@cache:6379/0",
		"redis://:hun#ter2@cache:6379/0":                     "(unreadable)",
		"redis://:hun%zzter2@cache:6379/0":                   "(unreadable)",
		"hunter2":                                            "(unreadable)",
		"https://ada:hunter2@login.example/jwks?token=hunt2": "https://ada:xxxxx@login.example/jwks?token=xxxxx",
		"unix:///run/redis.sock":                             "unix:///run/redis.sock",
		"postgresql:///x?host=/run/postgresql":               "postgresql:///x?host=/run/postgresql",
		"":                                                   "",
	} {
		if got := withoutSecrets(text); got != want {
			t.Errorf("%s is shown as %s, want %s", text, got, want)
		}
	}
	for _, url := range []string{
		"redis://:hunter2@cache:port/0", "redis://:hun#ter2@cache:6379/0", "redis://:hun/ter2@cache:6379/0", "redis://:hunt%er2@cache/0", "hunter2", "redis://:hunter2@cache/x",
		"postgres://ada:hunter2@host:port/x", "postgres://ada:hun#ter2@host/x", "postgres://ada:61237#ter2@host/x", "postgres://ada:hun/ter2@host/x",
		"postgres://ada:hunt%er2@host/x", "host=x password=hunter2 port=x", "ada:hunter2@host", "https://ada:hunter2@:x/jwks",
	} {
		for _, name := range []string{"DATABASE_URL", "REDIS_URL", "JWT_JWKS_URL"} {
			for _, command := range []string{"config", "serve", "projections"} {
				_, stdout, stderr := run(t, map[string]string{"DEV_DIR": t.TempDir(), "DATABASE_URL": "postgres://127.0.0.1:1/x", name: url}, command)
				for _, part := range []string{"hunter2", "ter2", "hunt", ":hun", "61237"} {
					shown := strings.ReplaceAll(stdout+stderr, "127.0.0.1", "")
					if part == "61237" && !strings.Contains(url, ":61237#") {
						continue
					}
					if strings.Contains(shown, part) {
						t.Errorf("%s of %s=%s shows %q:\n%s", command, name, url, part, shown)
						break
					}
				}
			}
		}
	}
}
