//go:build unix

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// readPrivate returns the content of directory/name, or nil if it is missing, too long or accessible to others:
// a symlink, a FIFO, a second hard link, another owner, permissions for others, or a directory that others can write.
func readPrivate(directory, name string, limit int64) []byte {
	var place unix.Stat_t
	if unix.Stat(directory, &place) != nil || place.Uid != uint32(os.Geteuid()) || place.Mode&0o022 != 0 {
		return nil
	}
	file, status, err := openOwn(directory+"/"+name, unix.O_RDONLY)
	if err != nil {
		return nil
	}
	defer unix.Close(file)
	if status.Mode&0o077 != 0 || status.Size > limit {
		return nil
	}
	content := make([]byte, status.Size)
	length, err := unix.Read(file, content)
	if err != nil {
		return nil
	}
	return content[:length]
}

// openOwn opens a regular file of this user with one hard link, and no other: it follows no symlink and waits for no FIFO.
// If flags say that it may be created, it is, for this user alone.
func openOwn(path string, flags int) (file int, status unix.Stat_t, err error) {
	file, err = unix.Open(path, flags|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return -1, status, err
	}
	err = unix.Fstat(file, &status)
	if err == nil && (status.Mode&unix.S_IFMT != unix.S_IFREG || status.Uid != uint32(os.Geteuid()) || status.Nlink > 1) {
		err = unix.EPERM
	}
	if err != nil {
		unix.Close(file)
	}
	return file, status, err
}
