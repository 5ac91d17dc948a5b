package main

import (
	"bytes"
	"testing"
)

func TestHandouts(t *testing.T) {
	for _, vector := range load(t).Handouts {
		slot := bytes.Fields([]byte(bytesOf(vector.Slot)))
		if times := storedHandouts(slot, vector.Caller, vector.Fingerprint, vector.Seconds); times != vector.Times {
			t.Errorf("%q: %d", vector.Slot, times)
		}
	}
}

func TestKubectls(t *testing.T) {
	for _, vector := range load(t).Kubectls {
		if isKubectl(vector.Name) != vector.Counted {
			t.Errorf("%q", vector.Name)
		}
	}
}
