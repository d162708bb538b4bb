// SPDX-License-Identifier: Apache-2.0

// slow is a network between programs of one machine that is not dead, but bad.
//
//	slow NAME=LISTEN=TARGET …        e.g. postgres=127.0.0.1:7001=127.0.0.1:5432
//
// Each line of its input sets the weather of the links whose names begin with NAME:
//
//	NAME LATENCY_MS JITTER_MS BYTES_PER_S up|down|both|none
//
// 0 bytes a second are no limit; the last word is the direction in which nothing arrives for now.
// It answers each line with "ok", and ends with its input.
package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

func weatherRead(line string) (name string, now weather, err error) {
	var latency, jitter int
	var lost string
	_, err = fmt.Sscan(line, &name, &latency, &jitter, &now.bytesPerSec, &lost)
	now.latency = time.Duration(latency) * time.Millisecond
	now.jitter = time.Duration(jitter) * time.Millisecond
	switch lost {
	case "none":
	case "up":
		now.lost[up] = true
	case "down":
		now.lost[down] = true
	case "both":
		now.lost[up], now.lost[down] = true, true
	default:
		if err == nil {
			err = fmt.Errorf("there is no direction %s", lost)
		}
	}
	return name, now, err
}

func listen(word string) (string, *link, error) {
	parts := strings.Split(word, "=")
	if len(parts) != 3 {
		return "", nil, fmt.Errorf("%s is not NAME=LISTEN=TARGET", word)
	}
	listener, err := net.Listen("tcp", parts[1])
	if err != nil {
		return "", nil, err
	}
	made := newLink(parts[2])
	go made.serve(listener)
	return parts[0], made, nil
}

func main() {
	links := map[string]*link{}
	for _, word := range os.Args[1:] {
		name, made, err := listen(word)
		if err != nil {
			fmt.Fprintln(os.Stderr, "slow:", err)
			os.Exit(2)
		}
		links[name] = made
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		wanted, now, err := weatherRead(lines.Text())
		set := 0
		for name, made := range links {
			if err == nil && strings.HasPrefix(name, wanted) {
				made.set(now)
				set++
			}
		}
		if set == 0 {
			fmt.Println("not understood:", lines.Text())
			continue
		}
		fmt.Println("ok")
	}
}
