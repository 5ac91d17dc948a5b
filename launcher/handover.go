package main

import "fmt"

// handover is what the launcher has done before it starts the Python program: docs/formats.md, "What the launcher hands over".
type handover struct {
	ahead    bool         // only refresh the session; the command was answered
	handouts int          // how often this kubectl received the credential that it asks for again
	lock     *sessionLock // the session's lock, which the Python program takes over
}

func (h handover) String() string {
	switch {
	case h.ahead:
		return "1 ahead"
	case h.handouts > 0:
		return fmt.Sprint("1 handouts ", h.handouts)
	case h.lock != nil:
		return "1 locks " + h.lock.handedOver()
	}
	return "1"
}
