package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestSettingsState(t *testing.T) {
	directory := t.TempDir()
	if state := stateIn(""); state != noSettings {
		t.Error(state)
	}
	if state := stateIn(directory); state != noSettings {
		t.Error(state)
	}
	path := filepath.Join(directory, settingsFile)
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{noSettings: true, hiddenSettings: true}
	for _, text := range []string{"", "a = 1\n", "a = 12\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		state := stateIn(directory)
		if seen[state] {
			t.Errorf("%q: %s", text, state)
		}
		seen[state] = true
	}
	if state := stateIn(path); state != noSettings { // below a file
		t.Error(state)
	}
}
