package main

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lockedFile is a locked file. The launcher holds the lock until the Python program, its child, has ended.
type lockedFile windows.Handle

func (f lockedFile) release() { windows.CloseHandle(windows.Handle(f)) }

// descriptor returns 0: a child process cannot take over a lock.
func (f lockedFile) descriptor() int { return 0 }

// callerHasGone returns false: Windows does not tell.
func callerHasGone(int) bool { return false }

// lockFile locks the file NAME.win (LockFileEx), because only the holder could read the file that it locks.
func lockFile(path string) (lockedFile, error) {
	name, err := windows.UTF16PtrFromString(path + ".win")
	if err != nil {
		return 0, err
	}
	file, err := windows.CreateFile(name, windows.GENERIC_READ|windows.GENERIC_WRITE,
		windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE, nil, windows.OPEN_ALWAYS, windows.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		return 0, err
	}
	flags := uint32(windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY)
	if err := windows.LockFileEx(file, flags, 0, 1, 0, &windows.Overlapped{}); err != nil {
		windows.CloseHandle(file)
		if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
			return 0, errLockHeld
		}
		return 0, err
	}
	os.WriteFile(path, []byte(holderLine()), 0o600) // without these words the lock works as well
	return lockedFile(file), nil
}
