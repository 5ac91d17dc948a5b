package main

import (
	"fmt"
	"os"
	"strings"
)

// handoverVariable tells the Python program what the launcher has done: docs/formats.md, "What the launcher hands over".
const handoverVariable = "_KUBECTL_OIDC_HANDOVER"

// handover is what the launcher has done before it starts the Python program.
type handover struct {
	ahead    bool         // only refresh the session; the command was answered
	handouts int          // how often this kubectl received the credential that it asks for again
	locks    *sessionLock // the session's lock, which the Python program takes over
}

func (h handover) String() string {
	switch {
	case h.ahead:
		return "1 ahead"
	case h.handouts > 0:
		return fmt.Sprint("1 handouts ", h.handouts)
	case h.locks != nil:
		return "1 locks " + h.locks.handedOver()
	}
	return "1"
}

// environment returns this process's environment with the handover.
func (h handover) environment() []string {
	var environ []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, handoverVariable+"=") {
			environ = append(environ, entry)
		}
	}
	return append(environ, handoverVariable+"="+h.String())
}
