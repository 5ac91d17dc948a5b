package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	shownWait     = 1500 * time.Millisecond // at a terminal; then the Python program shows the user that it waits
	unseenWait    = 3 * time.Second         // elsewhere; then the Python program finds out whether a person is waited for
	failureSuffix = ".failure"              // beside a lock file: why its holder failed
	failureLimit  = 16384                   // bytes
	terminated    = 128 + 15                // the exit status as after SIGTERM
)

// lockPauses are the times between two tries; the last one repeats.
var lockPauses = []time.Duration{5, 10, 20, 50, 100}

var errLockHeld = errors.New("another process holds the lock")

// sessionLock is the lock of a session, on one or several files.
type sessionLock struct {
	files    []lockedFile
	failures []string // the digests of the failures beside the files when the wait began; none if there was no wait
}

// waitForLock waits until the session's credential is published or its lock is free.
// It returns the exit status or unanswered, and the lock if the work is this process's own.
func (c *knownCommand) waitForLock() (int, *sessionLock) {
	if len(c.locks) == 0 {
		return unanswered, nil
	}
	parent := os.Getppid()
	var before []string
	for _, path := range c.locks {
		before = append(before, failureDigest(path))
	}
	wait := unseenWait
	if errorIsTerminal() {
		wait = shownWait
	}
	deadline := time.Now().Add(wait)
	for try := 0; ; try++ {
		lock, err := lockSession(c.locks)
		if err != nil && err != errLockHeld {
			return unanswered, nil // the Python program knows which lock files are needed
		}
		if lock == nil && callerHasGone(parent) {
			return terminated, nil
		}
		if status := c.answer(); status != unanswered || c.handouts > 0 {
			lock.release()
			return status, nil
		}
		if lock != nil {
			if try > 0 {
				lock.failures = before
			}
			return unanswered, lock
		}
		left := time.Until(deadline)
		if left <= 0 {
			return unanswered, nil
		}
		time.Sleep(min(left, lockPauses[min(try, len(lockPauses)-1)]*time.Millisecond))
	}
}

// lockSession locks all files in order, or none: then the error is errLockHeld, or why a file cannot be locked.
func lockSession(paths []string) (*sessionLock, error) {
	lock := &sessionLock{}
	for _, path := range paths {
		file, err := lockFile(path)
		if err != nil {
			lock.release()
			return nil, err
		}
		lock.files = append(lock.files, file)
	}
	return lock, nil
}

func (l *sessionLock) release() {
	if l != nil {
		for _, file := range l.files {
			file.release()
		}
	}
}

// handedOver returns each file's descriptor for the Python program, and the digest of the failure beside it when the wait began
// ("-" without a wait).
func (l *sessionLock) handedOver() string {
	var words []string
	for i, file := range l.files {
		failure := "-"
		if len(l.failures) > 0 {
			failure = l.failures[i]
		}
		words = append(words, fmt.Sprintf("%d:%s", file.descriptor(), failure))
	}
	return strings.Join(words, " ")
}

// failureDigest returns the digest of the failure beside a lock file, or "none".
func failureDigest(path string) string {
	record := readPrivate(filepath.Dir(path), filepath.Base(path)+failureSuffix, failureLimit)
	if record == nil {
		return "none"
	}
	return hexdigest(record)
}

// holderLine returns the content of a lock file that this process holds.
func holderLine() string {
	name, _ := os.Hostname()
	return fmt.Sprintf("%d@%s \n", os.Getpid(), strings.Join(strings.Fields(name), "-"))
}
