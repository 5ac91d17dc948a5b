package main

import (
	"errors"
	"io/fs"
	"syscall"
)

const (
	settingsFile   = "kubectl-oidc/config.toml"
	noSettings     = "-"
	hiddenSettings = "!" // the Python program says why
)

// settingsState returns what stat(2) says of the user's and the machine's settings files, or "" if there is neither.
// Only the Python program reads them.
func settingsState() string {
	user, machine := settingsDirectories()
	return joinStates(stateIn(user), stateIn(machine))
}

func joinStates(user, machine string) string {
	if user == noSettings && machine == noSettings {
		return ""
	}
	return "settings " + user + " " + machine
}

// stateIn returns what is known of the settings file in a directory, or "-" if there is none. A directory "" has none.
func stateIn(directory string) string {
	if directory == "" {
		return noSettings
	}
	state, err := fileState(directory + "/" + settingsFile)
	switch {
	case err == nil:
		return state
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return noSettings
	}
	return hiddenSettings
}
