// SPDX-License-Identifier: Apache-2.0

// seatlog-linear says whether what buyers were answered can be explained by calls that happened one
// after the other, each at some moment between its call and its answer.
//
//	seatlog-linear LIMIT [SECONDS] <HISTORY
//
// LIMIT is what a buyer may hold of a show; a history is a line of JSON a call (model.go). Judged is
// show by show, for so many seconds each (60). Then the history is forged, three times, and each
// forgery must be found out. Exit status 0: linearizable, and no forgery was.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sort"
	"strconv"
	"time"

	"github.com/anishathalye/porcupine"
)

const secondsDefault = 60

func read(from io.Reader) (map[string][]Call, error) {
	shows := map[string][]Call{}
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var call Call
		if err := json.Unmarshal(lines.Bytes(), &call); err != nil {
			return nil, err
		}
		shows[call.Show] = append(shows[call.Show], call)
	}
	return shows, lines.Err()
}

func judge(calls []Call, limit int, patience time.Duration) (porcupine.CheckResult, error) {
	verdict := porcupine.Illegal
	for _, all := range []bool{false, true} {
		s, operations, err := history(calls, limit, all)
		if err != nil {
			return porcupine.Illegal, err
		}
		verdict = porcupine.CheckOperationsTimeout(model(s), operations, patience)
		if verdict == porcupine.Ok {
			break
		}
	}
	return verdict, nil
}

// forgeable is the show that can be forged where the fewest calls are unknown.
func forgeable(shows map[string][]Call) string {
	best, fewest := "", 0
	for _, show := range names(shows) {
		if at, there := placeFind(shows[show]); there && (best == "" || at.unknown < fewest) {
			best, fewest = show, at.unknown
		}
	}
	return best
}

// forgeriesFound says of each forgery whether it was found out, and how many were.
func forgeriesFound(shows map[string][]Call, limit int, patience time.Duration) int {
	show, found := forgeable(shows), 0
	for number, forgery := range Forgeries {
		verdict := "there is no place for it"
		if forged, there := forge(shows[show], number); there {
			result, err := judge(forged, limit, patience)
			verdict = string(result)
			if err != nil {
				verdict = err.Error()
			}
		}
		fmt.Printf("  forged, %s: %s\n", forgery.Name, verdict)
		if verdict == string(porcupine.Illegal) {
			found++
		}
	}
	return found
}

func names(shows map[string][]Call) []string {
	var all []string
	for show := range shows {
		all = append(all, show)
	}
	sort.Strings(all)
	return all
}

func main() {
	limit, seconds := 0, secondsDefault
	var err error
	if len(os.Args) > 1 {
		limit, err = strconv.Atoi(os.Args[1])
	}
	if len(os.Args) > 2 && err == nil {
		seconds, err = strconv.Atoi(os.Args[2])
	}
	if err != nil || limit < 1 || seconds < 1 {
		fmt.Fprintln(os.Stderr, "usage: seatlog-linear LIMIT [SECONDS] <HISTORY")
		os.Exit(2)
	}
	shows, err := read(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, "seatlog-linear:", err)
		os.Exit(2)
	}
	patience := time.Duration(seconds) * time.Second
	calls, unknown, verdict := 0, 0, porcupine.Ok
	for _, show := range names(shows) {
		began := time.Now()
		result, err := judge(shows[show], limit, patience)
		if err != nil {
			fmt.Println("  show", show+":", err)
		}
		for _, call := range shows[show] {
			calls++
			if call.Answer == Unknown {
				unknown++
			}
		}
		if result != porcupine.Ok {
			fmt.Printf("  show %s: %s after %.1f s\n", show, result, time.Since(began).Seconds())
			verdict = result
		}
	}
	if calls == 0 {
		verdict = porcupine.Unknown
	}
	found := 0
	if verdict == porcupine.Ok {
		found = forgeriesFound(shows, limit, patience)
	}
	fmt.Printf("linear: %s, shows %d, calls %d, unknown %d, forgeries found out %d of %d\n", verdict,
		len(shows), calls, unknown, found, len(Forgeries))
	if verdict != porcupine.Ok || found < len(Forgeries) {
		os.Exit(1)
	}
}
