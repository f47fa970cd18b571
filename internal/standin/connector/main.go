package connector

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"

	"github.com/culvert/culvert/internal/tunnelproto"
)

// Exit codes of cloudflared.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 255
)

// Main is the program: args are without its name. It runs until ctx ends, which
// stands for SIGTERM, and returns the exit code.
func Main(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) int {
	o, err := parse(args, env)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "Incorrect Usage:", err)
		return exitFailure
	}
	switch o.command {
	case commandVersion:
		_, _ = fmt.Fprintf(stdout, "cloudflared version %s (stand-in)\n", Version)
		return exitOK
	case commandReady:
		if err := ready(ctx, o.metrics, stdout); err != nil {
			_, _ = fmt.Fprintln(stderr, err)
			return exitFailure
		}
		return exitOK
	}
	token, err := o.tunnelToken()
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "%v\nSee 'cloudflared tunnel run --help'.\n", err)
		return exitUsage
	}
	log := slog.New(newConsole(stderr, o.loglevel))
	if err := run(ctx, o, token, log); err != nil {
		log.Error(err.Error())
		return exitFailure
	}
	return exitOK
}

// usualFeatures is what cloudflared says that it can do.
func usualFeatures() []string {
	return []string{"allow_remote_config", "serialized_headers", "support_datagram_v2", "support_quic_eof", "management_logs"}
}

func newConnector(o options, token tunnelproto.Token, in *ingress, m *metrics, log *slog.Logger) *tunnelproto.Connector {
	private := &privateNetwork{metrics: m, resolvers: o.resolvers}
	return &tunnelproto.Connector{
		Token: token, ClientID: tunnelproto.NewUUID(), Version: Version,
		Features:    append(usualFeatures(), o.features...),
		Protocol:    tunnelproto.Protocol(o.protocol),
		Connections: o.connections, QUICAttempts: 1 + o.edgeRetries,
		Handler: in, TCP: private.dialTCP, UDP: private.dialUDP,
		Configure: in.configure, LocalConfig: in.json,
		Registered: func(l tunnelproto.Live) { m.join(l) },
		Refused:    func(error) { m.refused.Add(1) },
		Grace:      o.grace, Log: log,
	}
}

// run keeps the tunnel up until ctx ends.
func run(ctx context.Context, o options, token tunnelproto.Token, log *slog.Logger) error {
	m := newMetrics()
	in := newIngress(log, m)
	c := newConnector(o, token, in, m, log)
	log.Info("Starting tunnel", "tunnelID", token.TunnelID)
	log.Info("Version " + Version + " (stand-in)")
	log.Info("GOOS: " + runtime.GOOS + ", GOVersion: " + runtime.Version() + ", GoArch: " + runtime.GOARCH)
	log.Info("Generated Connector ID: " + c.ClientID)
	log.Info("Initial protocol " + string(initialProtocol(c.Protocol)))

	l, err := listenMetrics(o.metrics)
	if err != nil {
		return fmt.Errorf("%w: %w", errMetrics, err)
	}
	srv := &http.Server{Handler: statusHandler(c, in, m), ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = srv.Serve(l) // ends with Close below
	}()
	defer func() {
		_ = srv.Close()
		<-served
	}()
	log.Info("Starting metrics server on " + l.Addr().String() + "/metrics")

	if c.TLS, err = edgeTLS(o.cacert); err != nil {
		return err
	}
	if c.Edges, err = edges(ctx, o.edges); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { log.Info("Initiating graceful shutdown due to signal terminated ...") })()
	if err := c.Run(ctx); err != nil {
		return err
	}
	log.Info("Tunnel server stopped")
	return nil
}

// edgeTLS trusts the given authority and no other, or the system's.
func edgeTLS(cacert string) (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if cacert == "" {
		return conf, nil
	}
	pem, err := os.ReadFile(cacert)
	if err != nil {
		return nil, fmt.Errorf("read the edge's authority: %w", err)
	}
	conf.RootCAs = x509.NewCertPool()
	if !conf.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", cacert)
	}
	return conf, nil
}

// edges looks the edge up as cloudflared does, unless addresses were given.
func edges(ctx context.Context, given []string) ([]string, error) {
	if len(given) > 0 {
		return given, nil
	}
	_, regions, err := net.DefaultResolver.LookupSRV(ctx, "v2-origintunneld", "tcp", "argotunnel.com")
	if err != nil {
		return nil, fmt.Errorf("look up the edge: %w", err)
	}
	var found []string
	for _, region := range regions {
		ips, err := net.DefaultResolver.LookupHost(ctx, region.Target)
		if err != nil {
			return nil, fmt.Errorf("look up region %s of the edge: %w", region.Target, err)
		}
		for _, ip := range ips {
			found = append(found, net.JoinHostPort(ip, strconv.Itoa(int(region.Port))))
		}
	}
	if len(found) == 0 {
		return nil, errors.New("the edge has no address")
	}
	return found, nil
}

func initialProtocol(p tunnelproto.Protocol) tunnelproto.Protocol {
	if p == tunnelproto.Auto {
		return tunnelproto.QUIC
	}
	return p
}
