package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"
)

// vectors are the examples that the Python program is tested with too. A "bytes" text has one byte in each character.
type vectors struct {
	Commands []struct {
		Arguments, Environ      []string
		User, Directory, Digest string
		Settings                []string // of the user's file and of the machine's
	}
	KnownCommands []struct {
		Record string
		Values []string // nil: not used
	} `json:"known_commands"`
	Credentials []struct {
		Record, Timestamp, Fingerprint, APIVersion, Document string
		Expiry, Issued                                       int64
		Used                                                 bool
	}
	Due []struct {
		Issued, Expiry, Margin, Permille int64
		Now                              float64
		Valid, Due                       bool
	}
	Slots []struct {
		Entries map[string]string
		Record  string
	}
	Sessions []struct {
		Record, Session, Token string
		Expiry                 int64
		Used                   bool
	}
	Handouts []struct {
		Slot, Caller, Fingerprint string
		Seconds                   int64
		Times                     int
	}
	Kubectls []struct {
		Name    string
		Counted bool
	}
	Handovers []struct {
		Text     string
		Ahead    bool
		Handouts int
	}
}

func bytesOf(text string) string {
	var content []byte
	for _, character := range text {
		content = append(content, byte(character))
	}
	return string(content)
}

func equalsBytes(value, text string) bool { return value == bytesOf(text) }

func load(t *testing.T) vectors {
	t.Helper()
	content, err := os.ReadFile("../tests/formats.json")
	if err != nil {
		t.Fatal(err)
	}
	var all vectors
	if err := json.Unmarshal(content, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestCommandDigests(t *testing.T) {
	for _, vector := range load(t).Commands {
		var arguments, environ []string
		for _, argument := range vector.Arguments {
			arguments = append(arguments, bytesOf(argument))
		}
		for _, entry := range vector.Environ {
			environ = append(environ, bytesOf(entry))
		}
		settings := ""
		if vector.Settings != nil {
			settings = joinStates(vector.Settings[0], vector.Settings[1])
		}
		if digest := commandDigest(arguments, environ, vector.User, vector.Directory, settings); digest != vector.Digest {
			t.Errorf("%q: %s", vector.Arguments, digest)
		}
	}
}

func TestKnownCommands(t *testing.T) {
	for _, vector := range load(t).KnownCommands {
		command := parseKnownCommand([]byte(bytesOf(vector.Record)))
		if (command != nil) != (vector.Values != nil) {
			t.Errorf("%q: %v", vector.Record, command)
			continue
		}
		if command == nil {
			continue
		}
		values := []string{command.sessionID, command.apiVersion, command.place, command.directory,
			fmt.Sprint(command.margin), fmt.Sprint(command.ahead), command.when}
		if values = append(values, command.locks...); !slices.EqualFunc(values, vector.Values, equalsBytes) {
			t.Errorf("%q: %q", vector.Record, values)
		}
	}
}

func TestCredentials(t *testing.T) {
	for _, vector := range load(t).Credentials {
		current := parseCredential([]byte(bytesOf(vector.Record)))
		if (current != nil) != vector.Used {
			t.Errorf("%q: %v", vector.Record, current)
			continue
		}
		if current == nil {
			continue
		}
		if current.expiry != vector.Expiry || current.issued != vector.Issued || current.timestamp != vector.Timestamp ||
			current.fingerprint() != vector.Fingerprint || string(current.execCredential(vector.APIVersion)) != vector.Document {
			t.Errorf("%q: %v", vector.Record, current)
		}
	}
}

func TestValidAndDue(t *testing.T) {
	for _, vector := range load(t).Due {
		current := credential{issued: vector.Issued, expiry: vector.Expiry}
		if current.isValid(vector.Margin, vector.Now) != vector.Valid || current.isDue(vector.Margin, vector.Permille, vector.Now) != vector.Due {
			t.Errorf("%+v", vector)
		}
	}
}

func TestSlots(t *testing.T) {
	for _, vector := range load(t).Slots {
		record := readSlots("kubectl-oidc/x", func(services []string) []string {
			var texts []string
			for _, service := range services {
				texts = append(texts, vector.Entries[service])
			}
			return texts
		})
		if record != vector.Record {
			t.Errorf("%v: %q", vector.Entries, record)
		}
	}
}

func TestSessions(t *testing.T) {
	for _, vector := range load(t).Sessions {
		session := parseSession(vector.Record, vector.Session)
		if (session != nil) != vector.Used {
			t.Errorf("%q: %v", vector.Record, session)
		} else if session != nil && (string(session.token()) != vector.Token || session.Expiry != vector.Expiry) {
			t.Errorf("%q: %v", vector.Record, session)
		}
	}
}

func TestHandovers(t *testing.T) {
	for _, vector := range load(t).Handovers {
		if text := (handover{ahead: vector.Ahead, handouts: vector.Handouts}).String(); text != vector.Text {
			t.Errorf("%q: %q", vector.Text, text)
		}
	}
}
