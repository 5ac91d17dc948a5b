//go:build unix

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	lockWait        = 1500 * time.Millisecond // a refresh takes less; a longer wait is shown to the user by the Python program
	lockAttempts    = 5                       // how often a lock file is created again if something removes it
	failureSuffix   = ".failure"              // beside a lock file: why its holder failed
	failureLimit    = 16384                   // bytes
	terminatedBySig = 128 + int(unix.SIGTERM)
)

// lockPauses are the times between two tries; the last one repeats.
var lockPauses = []time.Duration{5, 10, 20, 50, 100}

var errLockHeld = errors.New("another process holds the lock")

// sessionLock is the lock of a session, on one or several files.
type sessionLock struct {
	files    []int
	failures []string // the digests of the failures beside the files when the wait began; none if there was no wait
}

// waitForLock waits until the session's credential is published or its lock is free.
// It returns the exit status after an answer, otherwise -1; and the lock if the work is this process's own.
func (c *knownCommand) waitForLock() (int, *sessionLock) {
	if len(c.locks) == 0 {
		return -1, nil
	}
	parent := os.Getppid()
	var before []string
	for _, path := range c.locks {
		before = append(before, failureDigest(path))
	}
	deadline := time.Now().Add(lockWait)
	for try := 0; ; try++ {
		lock, err := lockSession(c.locks)
		if err != nil && err != errLockHeld {
			return -1, nil // the Python program knows which lock files are needed
		}
		if lock == nil && callerHasGone(parent) {
			return terminatedBySig, nil
		}
		if status, answered := c.answer(); answered || c.handouts > 0 {
			lock.release()
			if answered {
				return status, nil
			}
			return -1, nil
		}
		if lock != nil {
			if try > 0 {
				lock.failures = before
			}
			return -1, lock
		}
		left := time.Until(deadline)
		if left <= 0 {
			return -1, nil
		}
		time.Sleep(min(left, lockPauses[min(try, len(lockPauses)-1)]*time.Millisecond))
	}
}

// callerHasGone returns whether nobody can receive the answer: the parent has ended, or standard output has no reader.
func callerHasGone(parent int) bool {
	output := []unix.PollFd{{Fd: 1, Events: unix.POLLOUT}}
	_, err := unix.Poll(output, 0)
	return os.Getppid() != parent || (err == nil && output[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0)
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
			unix.Close(file)
		}
	}
}

// handedOver returns each file's descriptor, and the digest of the failure beside it when the wait began ("-" without a wait).
// The descriptors stay open when the Python program starts.
func (l *sessionLock) handedOver() string {
	var words []string
	for i, file := range l.files {
		unix.FcntlInt(uintptr(file), unix.F_SETFD, 0)
		failure := "-"
		if len(l.failures) > 0 {
			failure = l.failures[i]
		}
		words = append(words, fmt.Sprintf("%d:%s", file, failure))
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

// lockFile locks a private file (flock(2)) and returns its descriptor. If something has removed it, it is created again.
func lockFile(path string) (int, error) {
	for range lockAttempts {
		file, err := unix.Open(path, unix.O_RDWR|unix.O_CREAT|unix.O_CLOEXEC|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o600)
		if err != nil {
			return -1, err
		}
		err = lockOpenFile(file, path)
		if err == nil {
			unix.Ftruncate(file, 0) // without these words the lock works as well
			unix.Pwrite(file, []byte(holderLine()), 0)
			return file, nil
		}
		unix.Close(file)
		if !errors.Is(err, fs.ErrNotExist) {
			return -1, err
		}
	}
	return -1, errLockHeld
}

// lockOpenFile locks an open file of this user alone. The error is fs.ErrNotExist if the path no longer names it.
func lockOpenFile(file int, path string) error {
	var ours, there unix.Stat_t
	if err := unix.Fstat(file, &ours); err != nil {
		return err
	}
	if ours.Mode&unix.S_IFMT != unix.S_IFREG || ours.Nlink > 1 || ours.Uid != uint32(os.Geteuid()) {
		return unix.EPERM
	}
	if err := unix.Flock(file, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			return errLockHeld
		}
		return err
	}
	if err := unix.Lstat(path, &there); err != nil {
		return err
	}
	if ours.Dev != there.Dev || ours.Ino != there.Ino {
		return fs.ErrNotExist
	}
	return nil
}

// holderLine returns the content of a lock file that this process holds.
func holderLine() string {
	name, err := os.Hostname()
	if err != nil {
		name = ""
	}
	return fmt.Sprintf("%d@%s \n", os.Getpid(), strings.Join(strings.Fields(name), "-"))
}
