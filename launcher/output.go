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
	if errors.As(err, &number) {
		reason = number.Error()
		reason = strings.ToUpper(reason[:1]) + reason[1:]
	}
	return report("standard output cannot be written: "+reason,
		"free some space, or keep open what reads it, and run the command again (troubleshooting: standard-output)")
}

// report writes an error and a hint to standard error, and returns the exit status.
func report(message, hint string) int {
	os.Stderr.WriteString("error: " + message + "\nhint: " + hint + "\n")
	return 1
}
