package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// settingsDirectories returns where the user's and the machine's settings are. No variable moves the second one.
func settingsDirectories() (user, machine string) {
	machine, err := windows.KnownFolderPath(windows.FOLDERID_ProgramData, windows.KF_FLAG_DEFAULT)
	if err != nil {
		machine = `C:\ProgramData`
	}
	return os.Getenv("APPDATA"), machine
}

// fileState returns what changes whenever the file does.
func fileState(path string) (string, error) {
	status, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d,%d", status.Size(), status.ModTime().UnixNano()), nil
}
