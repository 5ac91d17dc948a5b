//go:build unix

package main

import (
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// becomePython replaces this process by the Python program. It returns only if that fails.
func becomePython(h handover) int {
	python, err := findPython()
	if err == nil {
		err = unix.Exec(python.path, python.arguments(h), os.Environ())
		err = fmt.Errorf("%s: %w", python.path, err)
	}
	return reportNoPython(err)
}

// detached returns how a process begins a session of its own, without a terminal (setsid(2)).
func detached() *unix.SysProcAttr {
	return &unix.SysProcAttr{Setsid: true}
}

// closeInherited lets no child inherit what this process inherited: others may wait for it, as for a script's lock.
func closeInherited() {
	names, err := os.ReadDir("/dev/fd")
	if err != nil {
		return
	}
	for _, name := range names {
		if file, err := strconv.Atoi(name.Name()); err == nil && file > 2 {
			unix.CloseOnExec(file)
		}
	}
}

// writeAnswer writes the document to standard output, and returns the exit status.
func writeAnswer(document []byte) int {
	for len(document) > 0 {
		length, err := unix.Write(1, document)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return reportUnwritable(err)
		}
		document = document[length:]
	}
	return 0
}

// errorIsTerminal returns whether standard error is a terminal.
func errorIsTerminal() bool {
	_, err := unix.IoctlGetWinsize(2, unix.TIOCGWINSZ)
	return err == nil
}
