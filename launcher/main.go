// The launcher of kubectl-oidc: it answers get-token from what is stored, and starts the Python program for everything else.
//
// docs/formats.md describes what both programs read and write. The Python program works without the launcher.
package main

import (
	"os"
	"runtime"
)

const unanswered = -1 // in the place of an exit status: the command is left to Python

// At these counts the API server seems to reject the credential: the Python program renews it once, then warns.
const (
	renewHandouts = 3
	warnHandouts  = 4
)

func init() {
	// The kernel links a keyring to one thread, so everything runs on the first.
	runtime.LockOSThread()
}

func main() {
	os.Exit(run(os.Args))
}

// run answers the command, or becomes the Python program. It returns the exit status.
func run(args []string) int {
	if len(args) < 2 || args[1] != "get-token" || isCompleter(args[0]) {
		return becomePython(handover{})
	}
	command := findKnownCommand(args[1:])
	if command == nil || !command.isReadableHere() {
		return becomePython(handover{})
	}
	var lock *sessionLock
	status := command.answer()
	if status == unanswered && command.handouts == 0 {
		status, lock = command.waitForLock()
	}
	if status == unanswered {
		return becomePython(handover{handouts: command.handouts, lock: lock})
	}
	if command.due {
		startRefresh(command)
	}
	return status
}

// answer writes the session's current credential if it is valid and the API server has not rejected it.
// It returns the exit status, or unanswered; c.handouts and c.due are known then.
func (c *knownCommand) answer() int {
	current := c.readCredential()
	if current == nil || !current.isValid(c.margin, now()) {
		return unanswered
	}
	c.handouts = countHandout(c.directory, c.sessionID, current.fingerprint())
	if c.handouts == renewHandouts || c.handouts == warnHandouts {
		return unanswered
	}
	c.due = current.isDue(c.margin, c.ahead, now())
	return writeAnswer(current.execCredential(c.apiVersion))
}
