// SPDX-License-Identifier: Apache-2.0

package main

// Forgeries: what a history would say, had something gone wrong. Each is made of a history that is
// good, in a place where no order of its calls can explain it.

// before: the first was answered before the second began.
func before(one, other *Call) bool {
	return one.ReturnNS < other.CallNS
}

func known(call *Call, op, answer string) bool {
	return call.Op == op && call.Answer == answer
}

// ends is the answered release of a reservation, the only one there is about it; else nil.
func ends(calls []Call, reservation string) *Call {
	var found *Call
	for i := range calls {
		if calls[i].Op == "release" && calls[i].Reservation == reservation {
			if found != nil {
				return nil
			}
			found = &calls[i]
		}
	}
	if found != nil && found.Answer == Released {
		return found
	}
	return nil
}

// overlap is a hold, and a refusal that it explains: somebody else asked for one of its seats after
// it was answered and before its release began, was told so, and never asked again.
func overlap(calls []Call) (hold, refused *Call) {
	asked := map[string]int{}
	for i := range calls {
		asked[calls[i].Reservation]++
	}
	for i := range calls {
		hold := &calls[i]
		if !known(hold, "reserve", Held) || hold.As != hold.Reservation {
			continue
		}
		end := ends(calls, hold.Reservation)
		if end == nil || asked[hold.Reservation] != 2 {
			continue
		}
		for j := range calls {
			refused := &calls[j]
			if known(refused, "reserve", Taken) && refused.Buyer != hold.Buyer &&
				asked[refused.Reservation] == 1 && before(hold, refused) && before(refused, end) &&
				shares(hold.Seats, refused.Taken) {
				return hold, refused
			}
		}
	}
	return nil, nil
}

func shares(one, other []int) bool {
	for _, seat := range one {
		for _, another := range other {
			if seat == another {
				return true
			}
		}
	}
	return false
}

// seatTwice: who was refused a seat is told that he holds it.
func seatTwice(calls []Call) bool {
	_, refused := overlap(calls)
	if refused == nil {
		return false
	}
	refused.Answer, refused.As, refused.Taken = Held, refused.Reservation, nil
	return true
}

// holdLost: a hold that was answered is not there when it is let go.
func holdLost(calls []Call) bool {
	hold, _ := overlap(calls)
	if hold == nil {
		return false
	}
	end := ends(calls, hold.Reservation)
	end.Answer, end.As = Missing, ""
	return true
}

// answersSwapped: of two who want the same seat, each gets the other's answer.
func answersSwapped(calls []Call) bool {
	hold, refused := overlap(calls)
	if hold == nil {
		return false
	}
	refused.Answer, refused.As, refused.Taken = Held, refused.Reservation, nil
	hold.Answer, hold.As, hold.Taken = Taken, "", hold.Seats
	return true
}

// Forgeries in the order in which they are told.
var Forgeries = []struct {
	Name string
	Make func([]Call) bool
}{{"a seat twice", seatTwice}, {"a hold lost", holdLost}, {"answers swapped", answersSwapped}}
