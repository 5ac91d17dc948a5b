package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

const (
	slotFormat = "kubectl-oidc-slot-1"
	mostParts  = 512
)

// slotHead is the first entry of a slot: it says how many parts follow, and has the beginning of the record.
type slotHead struct {
	name     string
	sequence int64
	count    int64
	digest   string
	inline   string
}

// readSlots returns the current record of a service from keyring entries of limited length: of the slots that hold a whole
// record, the newest. It returns "" if there is none. get returns the secrets of entries; "" for one that is missing.
func readSlots(service string, get func(services []string) []string) string {
	var heads []slotHead
	names := []string{service + "/a", service + "/b"}
	for i, text := range get(names) {
		if head, ok := parseHead(names[i], text); ok {
			heads = append(heads, head)
		}
	}
	slices.SortStableFunc(heads, func(x, y slotHead) int { return cmp.Compare(y.sequence, x.sequence) })
	for _, head := range heads {
		var parts []string
		for number := range head.count {
			parts = append(parts, head.name+"/"+strconv.FormatInt(number+1, 10))
		}
		record := head.inline
		if head.count > 0 {
			record += strings.Join(get(parts), "")
		}
		digest := sha256.Sum256([]byte(record))
		if hex.EncodeToString(digest[:])[:32] == head.digest {
			return record
		}
	}
	return ""
}

func parseHead(name, text string) (slotHead, bool) {
	line, inline, _ := strings.Cut(text, "\n")
	words := strings.Split(line, " ")
	if len(words) != 4 || words[0] != slotFormat {
		return slotHead{}, false
	}
	sequence, count, ok := twoNumbers(words[1], words[2])
	return slotHead{name, sequence, count, words[3], inline}, ok && count <= mostParts
}
