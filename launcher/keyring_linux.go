package main

import (
	"os"
	"strconv"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	secretService  = "org.freedesktop.secrets"
	secretTimeout  = 2 * time.Second // it answers within milliseconds; the Python program reports one that hangs
	sessionAccount = "session"
)

// isReadableHere returns whether the launcher can read the place of the command's credential. If the kernel keyring could be used,
// the Python program moves the credential there.
func (c *knownCommand) isReadableHere() bool {
	if c.place != placeKeyring || os.Getenv("CI") != "" || inContainer() {
		return true
	}
	_, err := userKeyring()
	return err != nil
}

// inContainer returns whether this is a container, where the kernel keyring is not private.
func inContainer() bool {
	for _, mark := range []string{"/.dockerenv", "/run/.containerenv"} {
		if _, err := os.Lstat(mark); err == nil {
			return true
		}
	}
	return os.Getenv("KUBERNETES_SERVICE_HOST") != "" || os.Getenv("container") != ""
}

// readKeyringEntry returns the record of a service from the Secret Service's default collection, or "".
// Nobody is asked for a password: a locked entry is missing.
func readKeyringEntry(service string) string {
	records := make(chan string, 1)
	go func() { records <- readSecretService(service) }()
	select {
	case record := <-records:
		return record
	case <-time.After(secretTimeout):
		return ""
	}
}

func readSecretService(service string) string {
	address := os.Getenv("DBUS_SESSION_BUS_ADDRESS")
	if address == "" {
		address = "unix:path=/run/user/" + strconv.Itoa(os.Geteuid()) + "/bus"
	}
	bus, err := dbus.Connect(address)
	if err != nil {
		return ""
	}
	defer bus.Close()
	secrets := secretBus{bus: bus, service: bus.Object(secretService, "/org/freedesktop/secrets")}
	if err := secrets.open(); err != nil {
		return ""
	}
	return readSlots(service, secrets.get)
}

// secretBus reads secrets by the Secret Service API (freedesktop.org, draft 0.2).
type secretBus struct {
	bus        *dbus.Conn
	service    dbus.BusObject
	session    dbus.ObjectPath
	collection dbus.BusObject
}

// open opens a session, in which secrets are not encrypted on the user's own bus, and finds the default collection.
func (s *secretBus) open() error {
	var output dbus.Variant
	session := s.service.Go("org.freedesktop.Secret.Service.OpenSession", 0, nil, "plain", dbus.MakeVariant(""))
	alias := s.service.Go("org.freedesktop.Secret.Service.ReadAlias", 0, nil, "default")
	if err := (<-session.Done).Store(&output, &s.session); err != nil {
		return err
	}
	var path dbus.ObjectPath
	if err := (<-alias.Done).Store(&path); err != nil {
		return err
	}
	s.collection = s.bus.Object(secretService, path)
	return nil
}

// get returns the secrets of entries; "" for one that is missing or locked.
func (s *secretBus) get(services []string) []string {
	type secret struct {
		Session     dbus.ObjectPath
		Parameters  []byte
		Value       []byte
		ContentType string
	}
	var calls []*dbus.Call
	for _, name := range services {
		attributes := map[string]string{"username": sessionAccount, "service": name}
		calls = append(calls, s.collection.Go("org.freedesktop.Secret.Collection.SearchItems", 0, nil, attributes))
	}
	var items []dbus.ObjectPath
	found := make([][]dbus.ObjectPath, len(services))
	for i, call := range calls {
		if (<-call.Done).Store(&found[i]) == nil {
			items = append(items, found[i]...)
		}
	}
	values := map[dbus.ObjectPath]secret{}
	texts := make([]string, len(services))
	if len(items) == 0 || s.service.Call("org.freedesktop.Secret.Service.GetSecrets", 0, items, s.session).Store(&values) != nil {
		return texts
	}
	for i, paths := range found {
		for _, path := range paths {
			if value, readable := values[path]; readable {
				texts[i] = string(value.Value)
				break
			}
		}
	}
	return texts
}
