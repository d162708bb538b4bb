// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math/rand"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

const (
	limit    = 10
	patience = 20 * time.Second
)

func result(t *testing.T, calls ...Call) porcupine.CheckResult {
	t.Helper()
	verdict, err := judge(calls, limit, patience)
	if err != nil {
		t.Fatal(err)
	}
	return verdict
}

func expect(t *testing.T, want porcupine.CheckResult, calls ...Call) {
	t.Helper()
	if got := result(t, calls...); got != want {
		t.Fatalf("%s, not %s", got, want)
	}
}

// At so many nanoseconds, one long.
func reserve(at int64, buyer int, name string, answer string, seats ...int) Call {
	call := Call{Buyer: buyer, Op: "reserve", Reservation: name, Seats: seats, CallNS: at,
		ReturnNS: at + 1, Answer: answer}
	if answer == Held || answer == Released {
		call.As = name
	}
	if answer == Taken {
		call.Taken = seats
	}
	return call
}

func release(at int64, buyer int, name string, answer string) Call {
	call := Call{Buyer: buyer, Op: "release", Reservation: name, CallNS: at, ReturnNS: at + 1,
		Answer: answer}
	if answer == Released {
		call.As = name
	}
	return call
}

func TestSeatsAreHeldByOneAtATime(t *testing.T) {
	expect(t, porcupine.Ok, reserve(0, 1, "a", Held, 1, 2), reserve(10, 2, "b", Taken, 2),
		release(20, 1, "a", Released), reserve(30, 2, "c", Held, 2))
	expect(t, porcupine.Illegal, reserve(0, 1, "a", Held, 1, 2), reserve(10, 2, "b", Held, 2))
	expect(t, porcupine.Illegal, reserve(0, 1, "a", Held, 1), release(10, 1, "a", Released),
		reserve(20, 2, "b", Taken, 1))
}

func TestARefusalNamesTheSeatsThatAreTaken(t *testing.T) {
	refused := reserve(10, 2, "b", Taken, 1, 2, 3)
	refused.Taken = []int{2, 1}
	expect(t, porcupine.Ok, reserve(0, 1, "a", Held, 1, 2), refused)
	refused.Taken = []int{1}
	expect(t, porcupine.Illegal, reserve(0, 1, "a", Held, 1, 2), refused)
}

func TestAKeyIsOneReservation(t *testing.T) {
	expect(t, porcupine.Ok, reserve(0, 1, "a", Held, 1), reserve(10, 1, "a", Held, 1),
		release(20, 1, "a", Released), reserve(30, 1, "a", Released, 1),
		release(40, 1, "a", Released))
	expect(t, porcupine.Illegal, reserve(0, 1, "a", Held, 1), release(10, 1, "a", Released),
		reserve(20, 1, "a", Held, 1))
	expect(t, porcupine.Illegal, reserve(0, 1, "a", Held, 1), release(10, 1, "a", Missing))
}

func TestTheSameSeatsAgainAreTheSameReservation(t *testing.T) {
	again := reserve(10, 1, "b", Held, 2, 1)
	again.As = "a"
	expect(t, porcupine.Ok, reserve(0, 1, "a", Held, 1, 2), again, release(20, 1, "b", Missing))
	again.As = "b"
	expect(t, porcupine.Illegal, reserve(0, 1, "a", Held, 1, 2), again)
}

func TestABuyerHasALimit(t *testing.T) {
	expect(t, porcupine.Ok, reserve(0, 1, "a", Held, 1, 2, 3, 4, 5, 6, 7, 8, 9),
		reserve(10, 1, "b", Limit, 10, 11), reserve(20, 1, "c", Held, 10))
	expect(t, porcupine.Illegal, reserve(0, 1, "a", Held, 1), reserve(10, 1, "b", Limit, 10, 11))
}

func TestWhatIsNotKnownMayHappenLateOrNever(t *testing.T) {
	held, refused := reserve(10, 2, "b", Held, 1), reserve(30, 2, "c", Taken, 1)
	lost := reserve(0, 1, "a", Unknown, 1)
	expect(t, porcupine.Ok, lost, held)
	expect(t, porcupine.Ok, lost, held, release(20, 2, "b", Released), refused)
	expect(t, porcupine.Ok, lost, reserve(5, 1, "a", Unknown, 1), held)
	expect(t, porcupine.Illegal, lost, held, refused, release(40, 2, "b", Missing))
	expect(t, porcupine.Illegal, held, release(20, 2, "b", Unknown), reserve(15, 3, "d", Held, 1))
	expect(t, porcupine.Ok, held, release(20, 2, "b", Unknown), reserve(25, 3, "d", Held, 1))
}

func TestCallsAtTheSameTimeHaveNoOrder(t *testing.T) {
	first, second := reserve(0, 1, "a", Taken, 1), reserve(0, 2, "b", Held, 1)
	first.ReturnNS, second.ReturnNS = 10, 10
	expect(t, porcupine.Ok, first, second)
	second.CallNS = 11
	expect(t, porcupine.Illegal, first, second)
}

func TestWhatNoCallExplainsIsSaid(t *testing.T) {
	if _, err := judge([]Call{release(0, 1, "a", Released)}, limit, patience); err == nil {
		t.Fatal("a release of what nobody asked for")
	}
}

// crowd is a show that people use, as it should be; who is not answered is drawn.
type crowd struct {
	dice  *rand.Rand
	owner map[int]*Call // the hold that a seat is in
	held  []Call
	calls []Call
	now   int64
}

func (c *crowd) tell(call Call) {
	c.now += 10
	call.CallNS, call.ReturnNS = c.now, c.now+1
	c.calls = append(c.calls, call)
}

// visit: a buyer of his own for each, so that nobody asks for what he has.
func (c *crowd) visit(number int) {
	seats := sorted(c.dice.Perm(12)[:1+c.dice.Intn(3)])
	call := reserve(0, number, fmt.Sprint("r", number), Held, seats...)
	var taken []int
	for _, seat := range seats {
		if c.owner[seat] != nil {
			taken = append(taken, seat)
		}
	}
	if taken != nil {
		call.Answer, call.As, call.Taken = Taken, "", taken
	}
	if c.dice.Intn(20) == 0 {
		unanswered := call
		unanswered.Answer, unanswered.As, unanswered.Taken = Unknown, "", nil
		c.tell(unanswered)
	}
	c.tell(call)
	if taken == nil {
		c.held = append(c.held, call)
		for _, seat := range seats {
			c.owner[seat] = &call
		}
	}
}

func (c *crowd) leave() {
	kept := c.held[:0]
	for _, hold := range c.held {
		if c.dice.Intn(3) > 0 {
			kept = append(kept, hold)
			continue
		}
		c.tell(release(0, hold.Buyer, hold.Reservation, Released))
		for _, seat := range hold.Seats {
			delete(c.owner, seat)
		}
	}
	c.held = kept
}

func world(seed int64, visits int) []Call {
	c := &crowd{dice: rand.New(rand.NewSource(seed)), owner: map[int]*Call{}}
	for number := 0; number < visits; number++ {
		c.visit(number)
		c.leave()
	}
	return c.calls
}

func TestALongHistoryIsLinearizableAndItsForgeriesAreNot(t *testing.T) {
	for seed := int64(0); seed < 5; seed++ {
		calls := world(seed, 1500)
		expect(t, porcupine.Ok, calls...)
		for number, forgery := range Forgeries {
			forged, there := forge(calls, number)
			if !there {
				t.Fatalf("seed %d: no place for %s", seed, forgery.Name)
			}
			if got := result(t, forged...); got != porcupine.Illegal {
				t.Fatalf("seed %d: %s is %s", seed, forgery.Name, got)
			}
		}
		at, _ := placeFind(calls)
		expect(t, porcupine.Ok, until(calls, at.end.ReturnNS)...)
	}
}
