//go:build unix

package main

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

const lockAttempts = 5 // how often a lock file is created again if something removes it

// lockedFile is the descriptor of a locked file. The kernel frees the lock when its last holder ends.
type lockedFile int

func (f lockedFile) release() { unix.Close(int(f)) }

// descriptor returns the number under which the Python program has the file.
func (f lockedFile) descriptor() int {
	unix.FcntlInt(uintptr(f), unix.F_SETFD, 0)
	return int(f)
}

// callerHasGone returns whether nobody can receive the answer: the parent has ended, or standard output has no reader.
func callerHasGone(parent int) bool {
	output := []unix.PollFd{{Fd: 1, Events: unix.POLLOUT}}
	_, err := unix.Poll(output, 0)
	return os.Getppid() != parent || (err == nil && output[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0)
}

// lockFile locks a private file (flock(2)). If something has removed it, it is created again.
func lockFile(path string) (lockedFile, error) {
	for range lockAttempts {
		file, status, err := openOwn(path, unix.O_RDWR|unix.O_CREAT)
		if err != nil {
			return -1, err
		}
		err = lockOpenFile(file, &status, path)
		if err == nil {
			unix.Ftruncate(file, 0) // without these words the lock works as well
			unix.Pwrite(file, []byte(holderLine()), 0)
			return lockedFile(file), nil
		}
		unix.Close(file)
		if !errors.Is(err, fs.ErrNotExist) {
			return -1, err
		}
	}
	return -1, errLockHeld
}

// lockOpenFile locks an open file. The error is fs.ErrNotExist if the path no longer names it.
func lockOpenFile(file int, ours *unix.Stat_t, path string) error {
	if err := unix.Flock(file, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			return errLockHeld
		}
		return err
	}
	var there unix.Stat_t
	if err := unix.Lstat(path, &there); err != nil {
		return err
	}
	if ours.Dev != there.Dev || ours.Ino != there.Ino {
		return fs.ErrNotExist
	}
	return nil
}
