//go:build unix

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// readPrivate returns the content of directory/name, or nil if it is missing, too long or accessible to others:
// a symlink, a FIFO, a second hard link, another owner, permissions for others, or a directory that others can write.
func readPrivate(directory, name string, limit int64) []byte {
	user := uint32(os.Geteuid())
	var place, status unix.Stat_t
	if unix.Stat(directory, &place) != nil || place.Uid != user || place.Mode&0o022 != 0 {
		return nil
	}
	file, err := unix.Open(directory+"/"+name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(file)
	if unix.Fstat(file, &status) != nil || status.Mode&unix.S_IFMT != unix.S_IFREG || status.Size > limit {
		return nil
	}
	if status.Uid != user || status.Mode&0o077 != 0 || status.Nlink != 1 {
		return nil
	}
	content := make([]byte, status.Size)
	length, err := unix.Read(file, content)
	if err != nil {
		return nil
	}
	return content[:length]
}
