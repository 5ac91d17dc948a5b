package main

import (
	"errors"

	"golang.org/x/sys/unix"
)

// readKernelKey returns the payload of the user's key with this description, or nil (keyrings(7), persistent-keyring(7)).
func readKernelKey(description string) []byte {
	keyring, err := userKeyring()
	if err != nil {
		return nil
	}
	for _, kind := range []string{"big_key", "user"} { // big_key escapes the quota of 20,000 bytes
		key, err := unix.KeyctlSearch(keyring, kind, description, 0)
		if err != nil {
			continue
		}
		for buffer := make([]byte, 16384); ; {
			length, err := unix.KeyctlBuffer(unix.KEYCTL_READ, key, buffer, 0)
			if err != nil {
				return nil
			}
			if length <= len(buffer) {
				return buffer[:length]
			}
			buffer = make([]byte, length)
		}
	}
	return nil
}

// userKeyring returns the user's persistent keyring, or the user keyring if the kernel has no persistent ones.
// It is linked into the process keyring, because a process can read only keys that it possesses.
func userKeyring() (int, error) {
	keyring, err := unix.KeyctlInt(unix.KEYCTL_GET_PERSISTENT, -1, unix.KEY_SPEC_PROCESS_KEYRING, 0, 0)
	if err == nil {
		return keyring, nil
	}
	if !errors.Is(err, unix.ENOSYS) && !errors.Is(err, unix.EOPNOTSUPP) && !errors.Is(err, unix.EINVAL) {
		return 0, err
	}
	if _, err := unix.KeyctlInt(unix.KEYCTL_LINK, unix.KEY_SPEC_USER_KEYRING, unix.KEY_SPEC_PROCESS_KEYRING, 0, 0); err != nil {
		return 0, err
	}
	return unix.KeyctlGetKeyringID(unix.KEY_SPEC_USER_KEYRING, false)
}
