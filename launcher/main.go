// The launcher of kubectl-oidc: it answers get-token from what is stored, and starts the Python program for everything else.
//
// docs/formats.md describes what both programs read and write. The Python program works without the launcher.
package main

import (
	"os"
	"runtime"
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
	status, answered := command.answer()
	if !answered && command.handouts == 0 {
		var locks *sessionLock
		status, locks = command.waitForLock()
		answered = status >= 0
		if locks != nil {
			return becomePython(handover{locks: locks})
		}
	}
	if !answered {
		return becomePython(handover{handouts: command.handouts})
	}
	if command.due {
		startRefresh(command)
	}
	return status
}

// answer writes the session's current credential if it is valid and the API server has not rejected it.
// It returns the exit status and whether it answered; c.handouts and c.due are known then.
func (c *knownCommand) answer() (status int, answered bool) {
	current := c.readCredential()
	if current == nil || !current.isValid(c.margin, now()) {
		return 0, false
	}
	c.handouts = countHandout(c.directory, c.sessionID, current.fingerprint())
	if c.handouts == renewHandouts || c.handouts == warnHandouts {
		return 0, false
	}
	c.due = current.isDue(c.margin, c.ahead, now())
	return writeAnswer(current.execCredential(c.apiVersion)), true
}
