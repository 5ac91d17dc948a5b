package main

import (
	"errors"
	"os"
	"strings"
	"syscall"
)

// reportUnwritable reports why standard output cannot be written, in the Python program's words, and returns the exit status.
func reportUnwritable(err error) int {
	reason := err.Error()
	var number syscall.Errno
	if errors.As(err, &number) && reason != "" {
		reason = strings.ToUpper(reason[:1]) + reason[1:]
	}
	os.Stderr.WriteString("error: standard output cannot be written: " + reason +
		"\nhint: free some space, or keep open what reads it, and run the command again (troubleshooting: standard-output)\n")
	return 1
}
