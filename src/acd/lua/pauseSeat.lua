--[[
  The agent takes a break. A seat that is offered or talking goes on a break when that is over; one that is offline when
  it comes up.

  Input:
    ARGV[1] seatId
    ARGV[2] reason  why, or an empty string

  Output:
    the state of the seat

  Events:
    none
]]
--- @include "seat"
local seat = seatOrNew(A.seatId)
if seat.paused == '0' or seat.reason ~= A.reason then
  saveSeat(seat, 'paused', '1', 'reason', A.reason)
  settleUnlessTaken(seat)
end
return seat.state
