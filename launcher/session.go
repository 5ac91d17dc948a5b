package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	indexDirectory = "sessions"
	recordVersion  = 1
	recordLimit    = 4 << 20 // bytes
	recordDigest   = `,"digest":"`
)

// indexEntry is what the launcher needs of a session's entry in the index.
type indexEntry struct {
	Version     int      `json:"version"`
	SessionID   string   `json:"session_id"`
	Storage     string   `json:"storage"`
	Former      []string `json:"former"`
	Generation  int64    `json:"generation"`
	Expiry      int64    `json:"expiry"`
	RefreshedAt int64    `json:"refreshed_at"`
}

// sessionRecord is what the launcher needs of a session.
type sessionRecord struct {
	Version     int             `json:"version"`
	Session     string          `json:"session"`
	Generation  int64           `json:"generation"`
	IDToken     json.RawMessage `json:"id_token"`
	AccessToken json.RawMessage `json:"access_token"`
	Expiry      int64           `json:"expiry"`
}

// readKeyring returns the credential of a session that is only in the OS keyring, or nil if it has ended, or if anything
// has changed since the command was remembered.
func (c *knownCommand) readKeyring() *credential {
	content := readPrivate(filepath.Join(c.directory, indexDirectory), c.sessionID+".json", recordLimit)
	var entry indexEntry
	if json.Unmarshal(content, &entry) != nil || entry.Version != recordVersion || entry.SessionID != c.sessionID {
		return nil
	}
	if entry.Storage != placeKeyring || len(entry.Former) > 0 || float64(entry.Expiry-c.margin) <= now() || keyringIsConfigured() {
		return nil
	}
	session := parseSession(readKeyringEntry("kubectl-oidc/"+c.sessionID), c.sessionID)
	if session == nil || session.Generation < entry.Generation {
		return nil
	}
	timestamp := time.Unix(session.Expiry, 0).UTC().Format(time.RFC3339)
	return &credential{expiry: session.Expiry, issued: entry.RefreshedAt, timestamp: timestamp, token: session.token()}
}

// token returns the token that kubectl gets, as a JSON string.
func (s *sessionRecord) token() []byte {
	if len(s.AccessToken) > 0 && s.AccessToken[0] == '"' {
		return s.AccessToken
	}
	return s.IDToken
}

// parseSession returns the session in a record, or nil if the record is damaged, or has another version or session.
func parseSession(record, sessionID string) *sessionRecord {
	body, digest, _ := strings.Cut(record, recordDigest)
	whole := body + "}"
	if digest != hexdigest([]byte(whole))+`"}` {
		return nil
	}
	var session sessionRecord
	if json.Unmarshal([]byte(whole), &session) != nil || session.Version != recordVersion || session.Session != sessionID {
		return nil
	}
	if len(session.IDToken) == 0 || session.IDToken[0] != '"' {
		return nil
	}
	return &session
}

// keyringIsConfigured returns whether the Python library that stores sessions may use another keyring than the system's own.
func keyringIsConfigured() bool {
	for _, entry := range os.Environ() {
		if strings.HasPrefix(entry, "PYTHON_KEYRING_BACKEND=") || strings.HasPrefix(entry, "KEYRING_PROPERTY_") {
			return true
		}
	}
	_, err := os.Lstat(filepath.Join(keyringConfiguration(), "keyringrc.cfg"))
	return err == nil
}

func keyringConfiguration() string {
	if onWindows {
		if local, set := os.LookupEnv("LOCALAPPDATA"); set {
			return filepath.Join(local, "Python Keyring")
		}
		return filepath.Join(os.Getenv("PROGRAMDATA"), "Python Keyring")
	}
	if root := os.Getenv("XDG_CONFIG_HOME"); root != "" {
		return filepath.Join(root, "python_keyring")
	}
	return filepath.Join(os.Getenv("HOME"), ".config", "python_keyring")
}
