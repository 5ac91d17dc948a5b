//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// settingsDirectories returns where the user's and the machine's settings are; the first is "" without a home directory.
func settingsDirectories() (user, machine string) {
	user = os.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(user) { // the XDG specification: a relative path is ignored
		user = ""
		if home := os.Getenv("HOME"); filepath.IsAbs(home) {
			user = home + "/.config"
		}
	}
	if runtime.GOOS == "darwin" {
		return user, "/Library/Application Support"
	}
	return user, "/etc"
}

// fileState returns what changes whenever the file does.
func fileState(path string) (string, error) {
	var status unix.Stat_t
	if err := unix.Stat(path, &status); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d,%d,%d,%d", status.Ino, status.Size, status.Mtim.Nano(), status.Ctim.Nano()), nil
}
