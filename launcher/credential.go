package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/blake2b"
)

const (
	credentialFormat    = "kubectl-oidc credential 2"
	credentialDirectory = "credentials"
	credentialLimit     = 1 << 20 // bytes
)

// hexdigest returns the BLAKE2b digest of 16 bytes (RFC 7693) as 32 hexadecimal digits.
func hexdigest(content []byte) string {
	digest, err := blake2b.New(16, nil)
	if err != nil {
		panic(err) // only for a wrong size or key
	}
	digest.Write(content)
	return hex.EncodeToString(digest.Sum(nil))
}

// withoutDigest returns the body of a record, or false if the record is damaged or has another format.
func withoutDigest(format string, record []byte) ([]byte, bool) {
	head, rest, _ := bytes.Cut(record, []byte("\n"))
	check, body, _ := bytes.Cut(rest, []byte("\n"))
	return body, string(head) == format && string(check) == hexdigest(body)
}

// credential is a token, ready to be written into an ExecCredential.
type credential struct {
	expiry, issued int64  // epoch seconds
	timestamp      string // the expiry (RFC 3339)
	token          []byte // a JSON string, with its quotes
}

// parseCredential returns the credential in a record, or nil if it is damaged or has another version.
func parseCredential(record []byte) *credential {
	body, ok := withoutDigest(credentialFormat, record)
	parts := bytes.SplitN(body, []byte("\n"), 3)
	if !ok || len(parts) != 3 {
		return nil
	}
	expiry, issued, _ := strings.Cut(string(parts[0]), " ")
	c := &credential{timestamp: string(parts[1]), token: parts[2]}
	if c.expiry, c.issued, ok = twoNumbers(expiry, issued); !ok {
		return nil
	}
	return c
}

// twoNumbers returns the numbers that two texts of decimal digits are, or false.
func twoNumbers(text1, text2 string) (int64, int64, bool) {
	number1, err1 := strconv.ParseUint(text1, 10, 62)
	number2, err2 := strconv.ParseUint(text2, 10, 62)
	return int64(number1), int64(number2), err1 == nil && err2 == nil
}

func (c *credential) isValid(margin int64, now float64) bool {
	return float64(c.expiry-margin) > now
}

// isDue returns whether the credential is refreshed ahead: after permille thousandths of its useful life.
func (c *credential) isDue(margin, permille int64, now float64) bool {
	return permille > 0 && 1000*(now-float64(c.issued)) >= float64(permille*(c.expiry-margin-c.issued))
}

// fingerprint returns a digest of the token that does not reveal it.
func (c *credential) fingerprint() string {
	return hexdigest(c.token)[:16]
}

// execCredential returns the document for kubectl (Kubernetes client authentication v1, v1beta1).
func (c *credential) execCredential(apiVersion string) []byte {
	return fmt.Appendf(nil, `{"kind":"ExecCredential","apiVersion":"%s","spec":{"interactive":false},`+
		`"status":{"expirationTimestamp":"%s","token":%s}}`+"\n", apiVersion, c.timestamp, c.token)
}

// now returns the time in epoch seconds.
func now() float64 {
	return float64(time.Now().UnixMicro()) / 1e6
}
