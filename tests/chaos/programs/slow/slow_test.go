// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"
)

// echoing is a link to somebody who sends back what he gets, and a connection through it.
func echoing(t *testing.T) (*link, net.Conn) {
	t.Helper()
	far, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := far.Accept()
			if err != nil {
				return
			}
			go func() { io.Copy(conn, conn); conn.Close() }()
		}
	}()
	near, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	made := newLink(far.Addr().String())
	go made.serve(near)
	conn, err := net.Dial("tcp", near.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); near.Close(); far.Close() })
	return made, conn
}

// there is how long it takes until all of it is back.
func there(t *testing.T, conn net.Conn, sent []byte) time.Duration {
	t.Helper()
	began := time.Now()
	go conn.Write(sent)
	got := make([]byte, len(sent))
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.ReadFull(conn, got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(sent, got) {
		t.Fatal("other bytes came back")
	}
	return time.Since(began)
}

func TestAGoodNetworkPassesEverythingOn(t *testing.T) {
	_, conn := echoing(t)
	if took := there(t, conn, bytes.Repeat([]byte("seat"), 100000)); took > 5*time.Second {
		t.Fatal(took)
	}
}

func TestLatencyIsOfEachDirectionAndKeepsTheOrder(t *testing.T) {
	link, conn := echoing(t)
	link.set(weather{latency: 50 * time.Millisecond, jitter: 20 * time.Millisecond})
	if took := there(t, conn, bytes.Repeat([]byte("0123456789"), 20000)); took < 100*time.Millisecond {
		t.Fatal(took)
	}
}

func TestAThrottledLinkTakesItsTime(t *testing.T) {
	link, conn := echoing(t)
	link.set(weather{bytesPerSec: 20000})
	if took := there(t, conn, make([]byte, 4000)); took < 400*time.Millisecond {
		t.Fatal(took)
	}
}

func TestWhatIsLostArrivesWhenThatIsOver(t *testing.T) {
	for direction := up; direction < directions; direction++ {
		link, conn := echoing(t)
		there(t, conn, []byte("before"))
		lost := weather{}
		lost.lost[direction] = true
		link.set(lost)
		conn.Write([]byte("held"))
		conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if count, err := conn.Read(make([]byte, 10)); err == nil {
			t.Fatalf("%d bytes came through", count)
		}
		link.set(weather{})
		got := make([]byte, 4)
		conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.ReadFull(conn, got); err != nil || string(got) != "held" {
			t.Fatal(string(got), err)
		}
	}
}

func TestWhoDialsWhileNothingArrivesWaits(t *testing.T) {
	link, conn := echoing(t)
	link.set(weather{lost: [directions]bool{true, false}})
	again, err := net.Dial("tcp", conn.RemoteAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	again.Write([]byte("x"))
	again.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	if _, err := again.Read(make([]byte, 1)); err == nil {
		t.Fatal("an answer")
	}
	link.set(weather{})
	again.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := again.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
}

func TestAnEndIsPassedOn(t *testing.T) {
	_, conn := echoing(t)
	there(t, conn, []byte("x"))
	conn.(*net.TCPConn).CloseWrite()
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
		t.Fatal(err)
	}
}

func TestLinesAreUnderstoodOrNot(t *testing.T) {
	name, now, err := weatherRead("kafka 200 50 4096 down")
	if err != nil || name != "kafka" || now.latency != 200*time.Millisecond ||
		now.jitter != 50*time.Millisecond || now.bytesPerSec != 4096 || now.lost[up] || !now.lost[down] {
		t.Fatal(name, now, err)
	}
	for _, line := range []string{"", "kafka", "kafka 1 2 3 sideways", "kafka a 2 3 none"} {
		if _, _, err := weatherRead(line); err == nil {
			t.Fatal(line)
		}
	}
}
