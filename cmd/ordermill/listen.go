package main

import (
	"context"
	"errors"
	"net"
)

// listeners are the addresses that a process serves; nil ones it does not.
type listeners struct{ write, read, admin net.Listener }

// listen takes all addresses at once, so that one in use is found before anything is started.
func listen(ctx context.Context, c config, r roles) (*listeners, error) {
	l := &listeners{}
	for _, want := range []struct {
		variable, address string
		needed            bool
		into              *net.Listener
	}{
		{prefix + "WRITE_ADDR", c.WriteAddr, r.write, &l.write},
		{prefix + "READ_ADDR", c.ReadAddr, r.read, &l.read},
		{prefix + "ADMIN_ADDR", c.AdminAddr, true, &l.admin},
	} {
		if !want.needed {
			continue
		}
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", want.address)
		if err != nil {
			return nil, errors.Join(listenError(want.variable, want.address, err), l.close())
		}
		*want.into = listener
	}
	return l, nil
}

// close closes what was not closed by its server.
func (l *listeners) close() error {
	var errs []error
	for _, listener := range []net.Listener{l.write, l.read, l.admin} {
		if listener == nil {
			continue
		}
		if err := listener.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// link is the URL under which people reach a listener from this machine.
func link(listener net.Listener, path string) string {
	host, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return listener.Addr().String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port) + path
}
