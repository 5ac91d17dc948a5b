package main

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

const (
	commandFormat    = "kubectl-oidc words 2"
	commandDirectory = "words"
	commandLimit     = 16384 // bytes
	variablePrefix   = "KUBECTL_OIDC_"
	authorityFlag    = "--certificate-authority"
)

// The places of a current credential.
const (
	placeDisk    = "disk"
	placeKernel  = "kernel"
	placeKeyring = "keyring"
)

const onWindows = runtime.GOOS == "windows"

// pathVariables name directories or authorities. With another value, the same command may have another answer.
var pathVariables = []string{"HOME", "KUBECACHEDIR", "XDG_RUNTIME_DIR", "USERPROFILE", "SSL_CERT_FILE", "SSL_CERT_DIR"}

// knownCommand is a command that was answered before.
type knownCommand struct {
	sessionID  string
	apiVersion string
	place      string // where the current credential is stored
	directory  string // the cache directory
	margin     int64  // seconds before its expiry after which a credential is not used
	ahead      int64  // thousandths of its useful life after which it is refreshed ahead; 0: never
	when       string // where that is done: auto or always
	locks      []string

	handouts int  // how often the same kubectl received the credential; known after an answer
	due      bool // whether the credential should be refreshed ahead; known after an answer
}

// findKnownCommand returns the command with these arguments, or nil if it is not known.
func findKnownCommand(arguments []string) *knownCommand {
	root := cacheRoot()
	if root == "" {
		return nil
	}
	digest := commandDigest(arguments, os.Environ(), effectiveUser(), workingDirectory(arguments), settingsState())
	return parseKnownCommand(readPrivate(filepath.Join(root, commandDirectory), digest, commandLimit))
}

// parseKnownCommand returns the command in a record, or nil if it is damaged or has another version.
func parseKnownCommand(record []byte) *knownCommand {
	body, whole := withoutDigest(commandFormat, record)
	lines := strings.Split(string(body), "\n")
	if !whole || len(lines) < 7 {
		return nil
	}
	margin, ahead, ok := twoNumbers(lines[4], lines[5])
	if !ok {
		return nil
	}
	return &knownCommand{
		sessionID: lines[0], apiVersion: lines[1], place: lines[2], directory: lines[3],
		margin: margin, ahead: ahead, when: lines[6], locks: lines[7:],
	}
}

// cacheRoot returns the absolute default cache directory, or "" if there is none.
func cacheRoot() string {
	base := os.Getenv("KUBECACHEDIR")
	if base == "" {
		home := os.Getenv("HOME")
		if onWindows {
			home = os.Getenv("USERPROFILE")
		}
		if home == "" {
			return ""
		}
		base = filepath.Join(home, ".kube", "cache")
	}
	if !filepath.IsAbs(base) {
		return ""
	}
	return filepath.Join(base, "oidc-login")
}

// commandDigest returns the digest of the arguments and of all variables that the answer depends on.
//
// user is the effective user id, or "" on Windows; directory is what workingDirectory returns, settings what settingsState does.
func commandDigest(arguments, environ []string, user, directory, settings string) string {
	values := map[string]string{}
	var own []string
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if onWindows {
			name = strings.ToUpper(name)
		}
		values[name] = value
		if strings.HasPrefix(name, variablePrefix) {
			own = append(own, name+"="+value)
		}
	}
	variable := func(name string) string {
		if value, set := values[name]; set {
			return value
		}
		return "-"
	}
	slices.Sort(own)
	parts := append([]string{strconv.Itoa(len(arguments))}, arguments...)
	parts = append(parts, variable("KUBERNETES_EXEC_INFO"), user, directory)
	for _, name := range pathVariables {
		parts = append(parts, name+"="+variable(name))
	}
	parts = append(parts, own...)
	if settings != "" {
		parts = append(parts, settings)
	}
	return hexdigest([]byte(strings.Join(parts, "\x00")))
}

// effectiveUser returns the effective user id as a decimal number, or "" on Windows.
func effectiveUser() string {
	if onWindows {
		return ""
	}
	return strconv.Itoa(os.Geteuid())
}

// workingDirectory returns the working directory if --certificate-authority has a relative path; otherwise, or if it is gone, "".
func workingDirectory(arguments []string) string {
	for i, argument := range arguments {
		name, path, equals := strings.Cut(argument, "=")
		if name != authorityFlag {
			continue
		}
		if !equals && i+1 < len(arguments) {
			path = arguments[i+1]
		}
		if path != "" && path[0] != '~' && !filepath.IsAbs(path) {
			directory, err := syscall.Getwd()
			if err != nil {
				return ""
			}
			return directory
		}
	}
	return ""
}

// readCredential returns the session's current credential, which may have expired, or nil.
func (c *knownCommand) readCredential() *credential {
	switch c.place {
	case placeDisk:
		return parseCredential(readPrivate(filepath.Join(c.directory, credentialDirectory), c.sessionID, credentialLimit))
	case placeKernel:
		return parseCredential(readKernelKey("kubectl-oidc:credential:" + c.sessionID))
	case placeKeyring:
		return c.readKeyring()
	}
	return nil
}
