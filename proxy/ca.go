package proxy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"sync"
	"time"
)

const (
	caLife   = 5 * 365 * 24 * time.Hour
	leafLife = 30 * 24 * time.Hour
	leafSkew = 24 * time.Hour // a browser whose clock is behind still sees a valid one
	maxLeafs = 4096           // a page may make up host names without end
)

// CA signs a certificate for each host that a browser asks for. It is made
// fresh, lives in memory alone and dies with the process: no key that the
// browser trusts is ever on disk. It is safe for concurrent use.
type CA struct {
	cert    *x509.Certificate
	key     *ecdsa.PrivateKey
	leafKey *ecdsa.PrivateKey // one for all hosts, so that one hash names them all

	mu    sync.Mutex
	leafs map[string]leaf
}

type leaf struct {
	config  *tls.Config
	renewAt time.Time
}

// NewCA makes a CA. The error is that of the system's random numbers.
func NewCA() (*CA, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the proxy's CA key: %w", err)
	}
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the proxy's key: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: "Tapedeck recording proxy", Organization: []string{"Tapedeck"}},
		NotBefore:             now.Add(-leafSkew),
		NotAfter:              now.Add(caLife),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make the proxy's CA: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("make the proxy's CA: %w", err)
	}
	return &CA{cert: cert, key: key, leafKey: leafKey, leafs: make(map[string]leaf)}, nil
}

// SPKIHash is the value for Chromium's --ignore-certificate-errors-spki-list:
// the key that every host's certificate carries. It is that key and not the
// CA's, because the browser compares the list with whatever certificates a
// server sends along, and only the key of the first is proven by the handshake.
func (ca *CA) SPKIHash() string {
	der, err := x509.MarshalPKIXPublicKey(ca.leafKey.Public())
	if err != nil {
		panic(err) // a P-256 key can be written
	}
	sum := sha256.Sum256(der)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// PEM is the CA's certificate, for clients that take a file or a pool of roots.
func (ca *CA) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw})
}

// Pool holds the CA's certificate alone.
func (ca *CA) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	return pool
}

// config is the TLS configuration that speaks as a host. It is the same for
// each connection to it: a certificate made anew for every connection makes
// Chromium give up (ERR_TOO_MANY_RETRIES).
func (ca *CA) config(host string) (*tls.Config, error) {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	now := time.Now()
	if l, ok := ca.leafs[host]; ok && now.Before(l.renewAt) {
		return l.config, nil
	}
	cert, err := ca.sign(host, now)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{
		Certificates: []tls.Certificate{cert},
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"h2", "http/1.1"},
	}
	if len(ca.leafs) >= maxLeafs {
		clear(ca.leafs)
	}
	ca.leafs[host] = leaf{config: config, renewAt: now.Add(leafLife / 2)}
	return config, nil
}

func (ca *CA) sign(host string, now time.Time) (tls.Certificate, error) {
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{Organization: []string{"Tapedeck"}},
		NotBefore:    now.Add(-leafSkew),
		NotAfter:     now.Add(leafLife),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, ca.leafKey.Public(), ca.key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("certificate for %q: %w", host, err)
	}
	return tls.Certificate{Certificate: [][]byte{der, ca.cert.Raw}, PrivateKey: ca.leafKey}, nil
}

func serial() *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return n.Add(n, big.NewInt(1))
}
