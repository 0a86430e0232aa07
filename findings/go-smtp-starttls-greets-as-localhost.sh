#!/usr/bin/env bash
# go-smtp's client greets a server as "localhost" before STARTTLS, whatever name the program has.
#
# Versions: github.com/emersion/go-smtp v0.25.1, client and server.
#
# Expected: a client that has a name, given to Client.Hello as documented, sends that name in each EHLO. RFC 5321
#   section 4.1.1.1 wants the name of the client or its address.
#
# What happens: NewClientStartTLS connects, sends "EHLO localhost" in clear text, and switches to TLS. Client.Hello can only be
#   called on the client that it returns, so the first greeting cannot have a name. The second one, within TLS, has it.
#
# Why it matters: a server that checks the name in the first EHLO (Postfix with reject_non_fqdn_helo_hostname and
#   smtpd_delay_reject=no, for example) refuses the session, and logs of servers show "localhost" for such a client. Where that
#   happens, use a port with implicit TLS, or an exception for the client's address on the server.
#
# Source: client.go of v0.25.1, NewClientStartTLS and the function that it calls.
#
# Needs Go 1.26 and, the first time, a network. Takes about half a minute.
# Exits with 0 while go-smtp behaves like this, else with 1, or with 2 where it could not be found out.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export GOWORK=off GOFLAGS=-mod=mod

cat >main.go <<'GO'
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"runtime/debug"
	"time"

	"github.com/emersion/go-smtp"
)

// session has no use: the client sends no mail.
type session struct{}

func (session) Mail(string, *smtp.MailOptions) error { return nil }
func (session) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (session) Data(io.Reader) error                 { return nil }
func (session) Reset()                               {}
func (session) Logout() error                        { return nil }

func main() {
	info, _ := debug.ReadBuildInfo()
	for _, d := range info.Deps {
		if d.Path == "github.com/emersion/go-smtp" {
			fmt.Println(d.Path, d.Version)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"mx.example.org"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	check(err)
	pool := x509.NewCertPool()
	cert, err := x509.ParseCertificate(der)
	check(err)
	pool.AddCert(cert)

	var names []string
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		names = append(names, c.Hostname())
		return session{}, nil
	}))
	server.Domain = "mx.example.org"
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go func() { _ = server.Serve(listener) }()

	conn, err := net.Dial("tcp", listener.Addr().String())
	check(err)
	client, err := smtp.NewClientStartTLS(conn, &tls.Config{RootCAs: pool, ServerName: "mx.example.org"})
	check(err)
	check(client.Hello("news.example.org"))
	check(client.Noop())
	check(client.Quit())
	check(server.Close())

	fmt.Printf("the client's name is news.example.org; the server was greeted as %q\n", names)
	if len(names) != 2 || names[0] != "localhost" || names[1] != "news.example.org" {
		fmt.Println("CHANGED: it was localhost before TLS, and the name within it")
		os.Exit(1)
	}
	fmt.Println("as stated: localhost before TLS")
}

func check(err error) {
	if err != nil {
		fmt.Println("could not be found out:", err)
		os.Exit(2)
	}
}
GO

go mod init finding >/dev/null 2>&1
go get github.com/emersion/go-smtp@v0.25.1 >/dev/null 2>&1 || exit 2
go mod tidy >/dev/null 2>&1 || exit 2
go run .
